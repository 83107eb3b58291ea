// server_context.h: everything about TLS towards clients but the certificate: what a set of TLS options means.
//
// Immutable; made on the control thread, shared by all workers, kept alive by the snapshot and by the sessions that
// began with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tls/certificate_index.h"
#include "tls/hot_certificates.h"
#include "tls/native.h"
#include "tls/policy.h"
#include "tls/ticket_keys.h"

namespace sluice::tls {

struct ServerPolicy {
  // A session resumes only where it began: the name of the options and what else separates sessions.
  std::string identity;
  Protocol protocol;
  std::vector<std::string> alpn;  // offered, the preferred one first; a client that offers none of them is refused
  enum class ClientAuth : std::uint8_t {
    none,
    request,          // asked for, anything is taken
    require_any,      // must come, anything is taken
    verify_if_given,  // verified if it comes
    require_and_verify,
  } client_auth = ClientAuth::none;
  std::vector<std::string> client_authorities;  // PEM texts
  bool sni_strict = false;
  bool session_tickets = true;
};

class ServerContext {
 public:
  struct Made {
    std::shared_ptr<const ServerContext> context;  // null: `error` says why, for people
    std::string error;
    std::vector<std::string> warnings;
  };
  static Made make(const ServerPolicy& policy, const std::shared_ptr<const TicketKeys>& tickets);

  // Who asks for a name that has no certificate is refused instead of served the default one.
  bool sni_strict() const { return policy_.sni_strict; }
  const std::string& identity() const { return policy_.identity; }
  bool asks_for_certificates() const { return policy_.client_auth != ServerPolicy::ClientAuth::none; }

  // A session that serves these certificates; null when these options' security level refuses all of them.
  Native<ssl_st> session(const CertificateIndex::Choice& choice) const;

 private:
  ServerContext() = default;

  // A context of the library with all the policy says; null and `error` when it cannot be.
  Native<ssl_ctx_st> make_native(std::string& error, std::vector<std::string>& warnings) const;
  void keep_hot(const CertificateIndex::Choice& choice, const HotCertificates::Key& key) const;

  ServerPolicy policy_;
  std::string alpn_;  // as in the extension: each name after its length
  std::shared_ptr<const TicketKeys> tickets_;
  Native<ssl_ctx_st> context_;
  mutable HotCertificates hot_;

  friend struct ServerCallbacks;
};

}  // namespace sluice::tls
