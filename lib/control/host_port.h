// host_port.h: the addresses of TCP and UDP servers. Control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::control {

struct HostPort {
  std::string host;  // name or address, without brackets
  std::uint16_t port = 0;
};

// "host:port", an IPv6 address in brackets. Nothing: it is not of that form.
std::optional<HostPort> parse_host_port(const std::string& text);

}  // namespace sluice::control
