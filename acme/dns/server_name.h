// server_name.h: a name server as users write it, "10.0.0.1", "ns.example.com:5353", "[2001:db8::1]:53", and its
// addresses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/ip.h"
#include "base/result.h"

namespace sluice::acme::dns {

struct ServerName {
  std::string host;
  std::uint16_t port = 53;

  // Port 53 when there is none. Error: invalid.
  static Result<ServerName> parse(std::string_view text);
  std::string to_string() const;

  friend bool operator==(const ServerName&, const ServerName&) = default;
};

// By the system's resolver; at least one. Error: not_found.
Task<Result<std::vector<SocketAddress>>> addresses_of(ServerName server);

// The servers of the text of a resolv.conf; the public resolvers lego falls back to when it names none.
std::vector<ServerName> parse_resolv_conf(std::string_view text);

}  // namespace sluice::acme::dns
