#include "acme/dns/server_name.h"

#include "async/offload.h"
#include "base/text.h"
#include "net/resolver.h"

namespace sluice::acme::dns {

Result<ServerName> ServerName::parse(std::string_view text) {
  text = trim(text);
  ServerName server;
  std::string_view port;
  if (text.starts_with('[')) {
    std::size_t end = text.find(']');
    if (end == std::string_view::npos) return Error::of(Code::invalid, "a name server with an open bracket");
    server.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return Error::of(Code::invalid, "a name server without a port");
    if (!port.empty()) port.remove_prefix(1);
  } else if (std::size_t colon = text.find(':'); colon != text.rfind(':')) {
    server.host = text;  // an IPv6 address alone
  } else {
    server.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
  }
  if (server.host.empty()) return Error::of(Code::invalid, "a name server without a name");
  if (port.empty()) return server;
  std::optional<std::uint64_t> number = parse_u64(port);
  if (!number || *number == 0 || *number > 65535) return Error::of(Code::invalid, "a name server with a bad port");
  server.port = static_cast<std::uint16_t>(*number);
  return server;
}

std::string ServerName::to_string() const {
  bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Task<Result<std::vector<SocketAddress>>> addresses_of(ServerName server) {
  std::vector<SocketAddress> addresses;
  Result<IpAddress> literal = IpAddress::parse(server.host);
  if (literal) {
    addresses.push_back({*literal, server.port});
    co_return addresses;
  }
  auto call = offload([host = server.host] { return net::Resolver::system_lookup(host); });
  Result<net::Resolver::Addresses> found = co_await call;
  if (!found) co_return found.error();
  for (const IpAddress& ip : *found) addresses.push_back({ip, server.port});
  co_return addresses;
}

std::vector<ServerName> parse_resolv_conf(std::string_view text) {
  std::vector<ServerName> servers;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (!line.starts_with("nameserver") || line.size() < 12 || !is_space(line[10])) continue;
    line = trim(line.substr(10));
    line = line.substr(0, line.find_first_of(" \t#;"));
    Result<IpAddress> address = IpAddress::parse(line);
    if (address) servers.push_back({address->to_string(), 53});
  }
  if (servers.empty()) {
    for (std::string_view known : {"1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "2606:4700:4700::1001"}) {
      servers.push_back({std::string(known), 53});
    }
  }
  return servers;
}

}  // namespace sluice::acme::dns
