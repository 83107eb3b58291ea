// challenge_certificate.h: what a TLS-ALPN-01 challenge is answered with (RFC 8737 §3): a self-signed P-256 certificate
// for one name, with the digest of the key authorization in a critical extension.
//
// Made on the control thread, immutable, shared by all workers. Its session options are its own: no TLS options of the
// configuration, no client certificates, no tickets, and no protocol but acme-tls/1.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tls/certificate_index.h"
#include "tls/server_context.h"

namespace sluice::tls {

// The protocol of ALPN by which a CA asks.
inline constexpr std::string_view kChallengeProtocol = "acme-tls/1";

struct ChallengeCertificate {
  std::shared_ptr<const ServerContext> context;
  std::shared_ptr<const CertificateIndex> certificates;

  // `identifier` is a host name or the text of an address (RFC 8738 §6). Aborts only if the library cannot make it.
  static ChallengeCertificate make(const std::string& identifier, std::string_view key_authorization);
};

// The server name by which a CA asks about an identifier: the name in lower case, or the reverse name of an address
// (RFC 8738 §6). Empty for what is neither.
std::string challenge_server_name(std::string_view identifier);

}  // namespace sluice::tls
