#include "http/authority.h"

#include <algorithm>
#include <string>

#include "base/ip.h"
#include "base/text.h"
#include "http/chars.h"

namespace sluice::http {

namespace {

constexpr std::size_t kLongestHost = 253;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  std::uint32_t port = 0;
  for (char c : text) {
    if (!is_digit(c)) return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (port == 0 || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

// A registered name or a dotted IPv4 address; both have the same letters.
std::optional<std::string_view> canonical_name(std::string_view name, Arena& arena) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (name.empty() || name.size() > kLongestHost) return std::nullopt;
  std::uint8_t seen = 0;
  char before = '.';
  for (char c : name) {
    std::uint8_t kind = chars::of(c);
    if ((kind & chars::kHost) == 0) return std::nullopt;
    if (c == '.' && before == '.') return std::nullopt;
    seen |= kind;
    before = c;
  }
  if (before == '.') return std::nullopt;
  if ((seen & chars::kUpper) == 0) return name;
  char* lower = arena.array<char>(name.size());
  std::transform(name.begin(), name.end(), lower, to_lower);
  return std::string_view(lower, name.size());
}

// The text between the brackets. Zones are local to a machine and refused.
std::optional<std::string_view> canonical_ipv6(std::string_view text, Arena& arena) {
  if (text.find(':') == std::string_view::npos || text.find('%') != std::string_view::npos) return std::nullopt;
  Result<IpAddress> address = IpAddress::parse(text);
  if (!address) return std::nullopt;
  return arena.copy(address->to_string());
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text, Arena& arena) {
  Authority authority;
  std::size_t end = 0;
  std::optional<std::string_view> host;
  if (!text.empty() && text[0] == '[') {
    end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = canonical_ipv6(text.substr(1, end - 1), arena);
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    host = canonical_name(text.substr(0, end), arena);
  }
  if (!host) return std::nullopt;
  authority.host = *host;
  if (end == text.size()) return authority;
  if (text[end] != ':') return std::nullopt;
  std::optional<std::uint16_t> port = parse_port(text.substr(end + 1));
  if (!port) return std::nullopt;
  authority.port = *port;
  return authority;
}

}  // namespace sluice::http
