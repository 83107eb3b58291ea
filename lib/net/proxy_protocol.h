// proxy_protocol.h: the PROXY protocol, versions 1 and 2 (haproxy.org, "The PROXY protocol", 2020): a header in front
// of a connection that says on whose behalf it was made. Pure: bytes in, bytes out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace sluice::net {

struct ProxyAddresses {
  SocketAddress source;
  SocketAddress destination;

  friend bool operator==(const ProxyAddresses&, const ProxyAddresses&) = default;
};

// What the first bytes of a connection are.
struct ProxyHeader {
  enum class State : std::uint8_t {
    need_more,  // may still become a header
    absent,     // they are none
    done,
    malformed,  // it began as one; `why` says what is wrong
  } state = State::absent;
  std::size_t size = 0;  // of the whole header, when done
  // None: the proxy speaks for itself (LOCAL, UNKNOWN); the connection's own addresses count.
  std::optional<ProxyAddresses> addresses;
  std::string_view why;

  static constexpr std::size_t kMostV1 = 107;
  // 536 bytes is what every path carries in one packet; behind the addresses there may be extensions.
  static constexpr std::size_t kMostV2 = 536 + 4096;
};

// Everything received so far; called again with more after need_more. Extensions (TLV) are checked for their bounds and
// skipped.
ProxyHeader read_proxy_header(std::string_view bytes);

// The header of that version, 1 or 2.
std::string write_proxy_header(int version, const ProxyAddresses& addresses);

}  // namespace sluice::net
