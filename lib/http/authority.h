// authority.h: host and port of a Host field, an :authority or an absolute URI (RFC 3986 §3.2), and the one canonical
// form of a host in which everything compares it: rules, certificates, SNI. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"

namespace sluice::http {

struct Authority {
  std::string_view host;   // canonical: lower case, no trailing dot; an IPv6 address without brackets (RFC 5952)
  std::uint16_t port = 0;  // 0 when none was given
};

// Nothing unless `text` is a host, at most 253 bytes of letters, digits, '-', '_' in non-empty labels or an IPv6
// address in brackets, with an optional port from 1 to 65535. No userinfo, no escapes. `host` lies in `text` or in the
// arena.
std::optional<Authority> parse_authority(std::string_view text, Arena& arena);

}  // namespace sluice::http
