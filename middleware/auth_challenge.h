// auth_challenge.h: the answer to a request without good credentials (RFC 9110 §11.6.1). Stateless; any worker.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace sluice::middleware {

// The realm option; empty is the default.
inline std::string_view realm_of(const std::string& option) {
  return option.empty() ? std::string_view("traefik") : std::string_view(option);
}

// The text as a quoted-string (RFC 9110 §5.6.4).
std::string quoted_string(std::string_view text);

// 401 with that WWW-Authenticate, which must outlive the exchange.
http::Response unauthorized(http::Request& request, std::string_view challenge);

}  // namespace sluice::middleware
