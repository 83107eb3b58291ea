// policy.h: TLS settings in Traefik's names, and what becomes of them in the library. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;

namespace sluice::tls {

// Versions, suites and groups, of either side. Empty means the default: TLS 1.2 and 1.3, the three AEAD suites with
// forward secrecy, X25519 before P-256 and P-384.
struct Protocol {
  std::string min_version;  // VersionTLS10 … VersionTLS13
  std::string max_version;
  std::vector<std::string> cipher_suites;  // IANA names, as Go has them; no effect on TLS 1.3
  std::vector<std::string> curves;         // CurveP256, X25519, secp256r1 …, the preferred one first

  friend bool operator==(const Protocol&, const Protocol&) = default;
};

// Applies them to a fresh context. What is wrong, for people; empty: nothing. `warnings`: names the library does not
// have, which are left out.
std::string apply_protocol(const Protocol& protocol, ssl_ctx_st* context, std::vector<std::string>& warnings);

}  // namespace sluice::tls
