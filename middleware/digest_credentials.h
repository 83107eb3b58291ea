// digest_credentials.h: reads the Authorization field of the Digest scheme (RFC 7616 §3.4). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::middleware {

struct DigestCredentials {
  std::string username;
  std::string realm;
  std::string nonce;
  std::string uri;
  std::string response;   // 32 hexadecimal digits
  std::string algorithm;  // empty: MD5
  std::string opaque;
  std::string qop;
  std::string cnonce;
  std::string nc;           // 8 hexadecimal digits
  std::uint32_t count = 0;  // nc as a number
};

// Nothing for another scheme, for what is not well-formed, and when a parameter that qop=auth needs is missing or comes
// twice. The username has no control characters.
std::optional<DigestCredentials> parse_digest(std::string_view authorization);

}  // namespace sluice::middleware
