// basic_credentials.h: reads the Authorization field of the Basic scheme (RFC 7617). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::middleware {

struct BasicCredentials {
  std::string user;  // without ':' and control characters
  std::string password;
};

// Nothing for another scheme or what is not well-formed.
std::optional<BasicCredentials> parse_basic(std::string_view authorization);

}  // namespace sluice::middleware
