#include "middleware/client_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/chars.h"

namespace sluice::middleware {
namespace {

// Takes the last element off a comma-separated list.
std::string_view take_last(std::string_view& list) {
  std::size_t comma = list.rfind(',');
  std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  return http::trim_blanks(last);
}

// Some proxies write the client's port too: 192.0.2.1:4711, [2001:db8::1]:4711.
Result<IpAddress> address_in(std::string_view element) {
  Result<IpAddress> address = IpAddress::parse(element);
  if (address) return address;
  Result<SocketAddress> with_port = SocketAddress::parse(element);
  if (with_port) return with_port->ip;
  return address;
}

}  // namespace

std::optional<ClientAddress> ClientAddress::make(const std::optional<config::IpStrategy>& settings,
                                                 std::string& error) {
  ClientAddress made;
  if (!settings) return made;
  if (settings->depth < 0) {
    error = "the depth of ipStrategy is negative";
    return std::nullopt;
  }
  made.depth_ = static_cast<std::size_t>(settings->depth);
  for (const std::string& excluded : settings->excluded_ips) {
    if (Cidr::parse(excluded)) continue;
    error = fmt::format("{} of excludedIPs is no address or network", excluded);
    return std::nullopt;
  }
  made.excluded_ = *CidrSet::parse(settings->excluded_ips);
  if (settings->ipv6_subnet) {
    if (*settings->ipv6_subnet < 1 || *settings->ipv6_subnet > 128) {
      error = "ipv6Subnet is a number of bits from 1 to 128";
      return std::nullopt;
    }
    made.subnet_bits_ = static_cast<unsigned>(*settings->ipv6_subnet);
  }
  return made;
}

std::string_view ClientAddress::in_forwarded_for(std::string_view chain) const {
  if (depth_ > 0) {
    std::string_view last;
    for (std::size_t i = 0; i < depth_; ++i) {
      if (chain.empty()) return {};
      last = take_last(chain);
    }
    return last;
  }
  while (!chain.empty()) {
    std::string_view last = take_last(chain);
    if (last.empty()) continue;
    Result<IpAddress> address = address_in(last);
    if (!address || !excluded_.contains(*address)) return last;
  }
  return {};
}

std::optional<IpAddress> ClientAddress::find(const http::Request& request) const {
  IpAddress address = request.peer.remote.ip;
  if (depth_ > 0 || !excluded_.empty()) {
    std::string_view chain = request.fields.get(http::FieldId::x_forwarded_for).value_or("");
    Result<IpAddress> found = address_in(in_forwarded_for(chain));
    if (!found) return std::nullopt;
    address = *found;
  }
  if (subnet_bits_ == 128 || address.is_v4()) return address;
  std::array<std::uint8_t, 16> bytes = address.bytes();
  for (unsigned i = 0; i < 16; ++i) {
    unsigned keep = subnet_bits_ > i * 8 ? std::min(8U, subnet_bits_ - i * 8) : 0;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> keep));
  }
  return IpAddress::v6(bytes);
}

}  // namespace sluice::middleware
