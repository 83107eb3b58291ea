// digest.h: message digests. Stateless; any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice::tls {

// The 20 bytes of SHA-1: for handshakes that are defined with it (RFC 6455 §4.2.2), never for security.
std::string sha1(std::string_view bytes);
// The 32 bytes of SHA-256.
std::string sha256(std::string_view bytes);

}  // namespace sluice::tls
