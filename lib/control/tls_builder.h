// tls_builder.h: the `tls` section of the configuration to what workers use: contexts by options, certificates by name.
//
// What did not change since the last build is the same object. Files are read again when they have changed; a file that
// cannot be used any more leaves what it gave last in force. Control thread only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "control/certificate_wants.h"
#include "control/merged.h"
#include "tls/certificate_index.h"
#include "tls/client_context.h"
#include "tls/server_context.h"

namespace sluice::control {

// TLS towards upstreams, as the transports of HTTP and TCP services say it.
struct ClientTlsSettings {
  std::string server_name;
  bool insecure_skip_verify = false;
  std::vector<std::string> root_cas;
  std::vector<config::CertificateFiles> certificates;
  std::string peer_uri;
  std::vector<config::PeerCertSan> peer_sans;
  tls::Protocol protocol;
  std::vector<std::string> alpn;

  friend bool operator==(const ClientTlsSettings&, const ClientTlsSettings&) = default;
};

class TlsBuilder {
 public:
  static constexpr std::string_view kDefault = "default";  // options without provider
  static constexpr std::string_view kObtained = "acme";    // the provider of what resolvers obtained

  // Starts a build: reads and reports everything. `merged` and `report` must live until the next.
  void begin(const Merged& merged, config::Report& report);

  // The qualified name of options that a router of this provider names.
  static std::string options_name(const std::string& written, std::string_view provider);
  // Who speaks on top of TLS: our HTTP server, or a TCP service with protocols of its own.
  enum class For : std::uint8_t { http, tcp };
  // Null: there are no such options, or they are broken; then nobody may be served with others.
  std::shared_ptr<const tls::ServerContext> context(const std::string& options, For whom);
  // What to report when `context` gives none to `whose` ("router a@file").
  config::Problem refusal(const std::string& whose, const std::string& options, const config::Source& source,
                          std::string effect) const;

  // Names whose certificate a resolver obtains: until it is there they are served with no other, and when it has
  // expired with it all the same. After `begin`.
  void await(const std::vector<CertificateWant>& wants, const Fragments& fragments);
  // Of all providers, with the default one. Not null after `await`.
  const std::shared_ptr<const tls::CertificateIndex>& certificates() const { return index_; }
  // The names of certificates that no resolver obtained, as CertificateWants says.
  std::vector<std::string> provided() const;

  struct LoadedText {
    std::string text;
    std::string error;
  };
  // A certificate with its key, or the text of a list of authorities; cached by name and content of its files. Null and
  // an error when there is none and never was.
  std::shared_ptr<const tls::Certificate> certificate(const std::string& cert_file, const std::string& key_file,
                                                      std::string& error);
  // Reads nothing again that has the same stamp.
  LoadedText authorities(const std::string& ca_file);

  // Who connects to others over TLS; the names of a kind are apart from those of the other.
  enum class Client : std::uint8_t { transport, middleware };
  // The context of the transport or middleware of that name; null when its files cannot be used, which has been
  // reported.
  std::shared_ptr<const tls::ClientContext> client_context(const std::string& name, const ClientTlsSettings& settings,
                                                           const config::Source& source,
                                                           Client kind = Client::transport);
  // Ends a build: what it did not use is forgotten.
  void finish();

  // The files this build depends on.
  const std::set<std::string>& files() const { return files_; }
  // All that are served, the default one last.
  const std::vector<std::shared_ptr<const tls::Certificate>>& served() const { return indexed_; }
  // An OCSP response to staple from the next build on; null: none any more.
  void staple(const std::shared_ptr<const tls::Certificate>& certificate, std::shared_ptr<const std::string> response);
  // Every TicketKeys::kPeriod.
  void rotate_tickets() { tickets_->rotate(); }

 private:
  struct CachedCertificate {
    std::string stamp;
    std::shared_ptr<const tls::Certificate> certificate;
    std::string error;
    std::uint64_t used_in = 0;
  };
  struct CachedOptions {
    config::TlsOptions definition;
    std::vector<std::string> authorities;
    std::map<For, std::shared_ptr<const tls::ServerContext>> contexts;
    std::string error;
    std::vector<std::string> warnings;
    std::uint64_t used_in = 0;
  };

  struct CachedClient {
    ClientTlsSettings settings;
    std::vector<std::string> authorities;
    std::vector<std::shared_ptr<const tls::Certificate>> certificates;
    std::shared_ptr<const tls::ClientContext> context;
    std::string error;
    std::uint64_t used_in = 0;
  };

  void begin_options(const std::string& name, const config::TlsOptions& options);
  tls::ServerContext::Made make(const std::string& name, const CachedOptions& options, For whom) const;
  void begin_certificates();
  void load_certificates(bool obtained);
  // Many new certificates (those of a start) are read by several threads.
  void read_ahead();
  // Reads what changed.
  static void refresh(CachedCertificate& cached, const std::string& cert_file, const std::string& key_file);
  std::shared_ptr<const tls::Certificate> default_certificate();
  void watch(const std::string& file);

  std::shared_ptr<tls::TicketKeys> tickets_ = std::make_shared<tls::TicketKeys>();
  std::shared_ptr<const tls::Certificate> self_signed_;
  std::map<std::string, CachedCertificate> certificates_;
  std::map<std::string, CachedOptions> options_;
  std::map<std::string, CachedClient> clients_;
  std::vector<std::shared_ptr<const tls::Certificate>> loaded_;  // of this build, those of resolvers last
  std::size_t provided_ = 0;                                     // how many of them are no resolver's
  std::shared_ptr<const tls::Certificate> default_;
  std::vector<std::shared_ptr<const tls::Certificate>> indexed_;  // what `index_` was made of, the default one last
  std::vector<std::string> awaited_;                              // and with which names
  std::map<std::weak_ptr<const tls::Certificate>, std::shared_ptr<const std::string>,
           std::owner_less<std::weak_ptr<const tls::Certificate>>>
      staples_;
  bool stapled_ = false;  // since `index_` was made
  std::shared_ptr<const tls::CertificateIndex> index_;
  std::set<std::string> files_;
  const Merged* merged_ = nullptr;
  config::Report* report_ = nullptr;
  std::uint64_t number_ = 0;
};

}  // namespace sluice::control
