#include "config/entry_point_address.h"

#include "base/text.h"

namespace sluice::config {

std::optional<EntryPointAddress> parse_entry_point_address(std::string_view text) {
  EntryPointAddress address;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view transport = text.substr(slash + 1);
    if (iequals(transport, "udp")) {
      address.transport = Transport::udp;
    } else if (!iequals(transport, "tcp")) {
      return std::nullopt;
    }
    text = text.substr(0, slash);
  }

  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> port = parse_u64(text.substr(colon + 1));
  if (!port || *port > 65535) return std::nullopt;
  address.port = static_cast<std::uint16_t>(*port);

  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
  } else if (host.find_first_of("[]:") != std::string_view::npos) {
    return std::nullopt;  // an IPv6 address needs its brackets
  }
  address.host = host;
  return address;
}

}  // namespace sluice::config
