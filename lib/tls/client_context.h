// client_context.h: everything about TLS towards upstreams: whom to trust, how to prove who we are.
//
// Immutable; made on the control thread, shared by all workers, kept alive by the endpoints that use it and by the
// sessions that began with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tls/certificate.h"
#include "tls/native.h"
#include "tls/policy.h"

namespace sluice::tls {

struct ClientPolicy {
  std::string server_name;  // sent and looked for in the certificate; empty: what the connection says
  bool insecure_skip_verify = false;
  std::vector<std::string> authorities;                          // PEM texts; none: those of the system
  std::vector<std::shared_ptr<const Certificate>> certificates;  // our own, for servers that ask
  Protocol protocol;
  // The certificate must have one of these, which then counts instead of the name of the server. None: that name
  // counts.
  struct PeerName {
    enum class Kind : std::uint8_t { dns, email, ip, uri } kind = Kind::uri;
    std::string value;

    friend bool operator==(const PeerName&, const PeerName&) = default;
  };
  std::vector<PeerName> peer_names;
  std::vector<std::string> alpn;  // offered
};

class ClientContext {
 public:
  struct Made {
    std::shared_ptr<const ClientContext> context;  // null: `error` says why, for people
    std::string error;
    std::vector<std::string> warnings;
  };
  static Made make(ClientPolicy policy);

  const ClientPolicy& policy() const { return policy_; }
  ssl_ctx_st* native() const { return context_.get(); }

 private:
  explicit ClientContext(ClientPolicy policy) : policy_(std::move(policy)) {}

  ClientPolicy policy_;
  Native<ssl_ctx_st> context_;
};

}  // namespace sluice::tls
