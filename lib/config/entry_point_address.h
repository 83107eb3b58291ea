// entry_point_address.h: the address syntax of entry points, `[host]:port[/tcp|/udp]`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

enum class Transport : std::uint8_t { tcp, udp };

struct EntryPointAddress {
  std::string host;  // empty: every address; IPv6 without brackets; may be a name
  std::uint16_t port = 0;
  Transport transport = Transport::tcp;

  friend bool operator==(const EntryPointAddress&, const EntryPointAddress&) = default;
};

// Nothing for any other text. Port 0 asks the system for a free one.
std::optional<EntryPointAddress> parse_entry_point_address(std::string_view text);

}  // namespace sluice::config
