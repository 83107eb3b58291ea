#include "control/host_port.h"

#include "base/text.h"

namespace sluice::control {

std::optional<HostPort> parse_host_port(const std::string& text) {
  std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::optional<std::uint64_t> port = parse_u64(std::string_view(text).substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return std::nullopt;
  }
  if (host.empty() || host.find_first_of(" /@[]") != std::string::npos) return std::nullopt;
  return HostPort{std::move(host), static_cast<std::uint16_t>(*port)};
}

}  // namespace sluice::control
