#include "net/proxy_protocol.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sluice::net {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view kBeginV1 = "PROXY ";
constexpr std::string_view kBeginV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixedV2 = 16;
constexpr std::size_t kAddressesV4 = 12;
constexpr std::size_t kAddressesV6 = 36;
constexpr std::size_t kAddressesUnix = 216;
constexpr std::size_t kTlvHead = 3;

enum class Family : std::uint8_t { unspecified = 0x00, tcp4 = 0x11, tcp6 = 0x21, unix_stream = 0x31 };

ProxyHeader malformed(std::string_view why) {
  ProxyHeader header;
  header.state = State::malformed;
  header.why = why;
  return header;
}

ProxyHeader state(State state) {
  ProxyHeader header;
  header.state = state;
  return header;
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint16_t short_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

// The next word, which ends at one space.
std::string_view word(std::string_view& line) {
  std::size_t space = line.find(' ');
  std::string_view found = line.substr(0, space);
  line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  return found;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c); })) return std::nullopt;
  std::optional<std::uint64_t> port = parse_u64(text);
  if (!port || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

std::optional<IpAddress> ip_of(std::string_view text, bool v6) {
  bool is_v6 = text.find(':') != std::string_view::npos;
  if (is_v6 != v6 || text.find('%') != std::string_view::npos) return std::nullopt;
  Result<IpAddress> ip = IpAddress::parse(text);
  if (!ip) return std::nullopt;
  return *ip;
}

ProxyHeader read_v1(std::string_view bytes) {
  std::string_view most = bytes.substr(0, ProxyHeader::kMostV1);
  std::size_t end = most.find("\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= ProxyHeader::kMostV1) return malformed("the line has more than 107 bytes");
    return state(State::need_more);
  }
  ProxyHeader header = state(State::done);
  header.size = end + 2;
  std::string_view line = bytes.substr(kBeginV1.size(), end - kBeginV1.size());
  std::size_t spaces = static_cast<std::size_t>(std::count(line.begin(), line.end(), ' '));
  std::string_view protocol = word(line);
  if (protocol == "UNKNOWN") return header;  // what follows is to be ignored
  bool v6 = protocol == "TCP6";
  if (!v6 && protocol != "TCP4") return malformed("the protocol is none of TCP4, TCP6 and UNKNOWN");
  if (spaces != 4) return malformed("the line does not have two addresses and two ports");
  std::optional<IpAddress> source = ip_of(word(line), v6);
  std::optional<IpAddress> destination = ip_of(word(line), v6);
  if (!source || !destination) return malformed("an address is not one of its protocol");
  std::optional<std::uint16_t> source_port = port_of(word(line));
  std::optional<std::uint16_t> destination_port = port_of(word(line));
  if (!source_port || !destination_port) return malformed("a port is not a number up to 65535");
  header.addresses = ProxyAddresses{{*source, *source_port}, {*destination, *destination_port}};
  return header;
}

IpAddress v4_at(std::string_view bytes, std::size_t at) {
  return IpAddress::v4(static_cast<std::uint32_t>(short_at(bytes, at)) << 16 | short_at(bytes, at + 2));
}

IpAddress v6_at(std::string_view bytes, std::size_t at) {
  std::array<std::uint8_t, 16> address{};
  for (std::size_t i = 0; i < address.size(); ++i) address[i] = byte_at(bytes, at + i);
  return IpAddress::v6(address);
}

// Type, length and value, to the last byte: an extension that reaches over the end would be read from the data.
bool good_extensions(std::string_view rest) {
  while (!rest.empty()) {
    if (rest.size() < kTlvHead) return false;
    std::size_t size = kTlvHead + short_at(rest, 1);
    if (size > rest.size()) return false;
    rest.remove_prefix(size);
  }
  return true;
}

ProxyHeader read_v2(std::string_view bytes) {
  if (bytes.size() < kFixedV2) return state(State::need_more);
  std::uint8_t command = byte_at(bytes, 12);
  if (command != 0x20 && command != 0x21) return malformed("version 2 has the commands LOCAL and PROXY only");
  std::size_t length = short_at(bytes, 14);
  if (kFixedV2 + length > ProxyHeader::kMostV2) return malformed("the header is too long");
  if (bytes.size() < kFixedV2 + length) return state(State::need_more);
  ProxyHeader header = state(State::done);
  header.size = kFixedV2 + length;
  if (command == 0x20) return header;
  std::string_view rest = bytes.substr(kFixedV2, length);
  std::size_t addresses = 0;
  switch (static_cast<Family>(byte_at(bytes, 13))) {
    case Family::unspecified: return header;
    case Family::tcp4: addresses = kAddressesV4; break;
    case Family::tcp6: addresses = kAddressesV6; break;
    case Family::unix_stream: addresses = kAddressesUnix; break;
    default: return malformed("the address family is none that a TCP connection can have");
  }
  if (rest.size() < addresses) return malformed("the header is shorter than its addresses");
  if (!good_extensions(rest.substr(addresses))) return malformed("an extension reaches over the end of the header");
  if (addresses == kAddressesV4) {
    header.addresses = ProxyAddresses{{v4_at(rest, 0), short_at(rest, 8)}, {v4_at(rest, 4), short_at(rest, 10)}};
  } else if (addresses == kAddressesV6) {
    header.addresses = ProxyAddresses{{v6_at(rest, 0), short_at(rest, 32)}, {v6_at(rest, 16), short_at(rest, 34)}};
  }
  return header;
}

void append_short(std::string& to, std::size_t value) {
  to += static_cast<char>(value >> 8);
  to += static_cast<char>(value & 0xff);
}

void append_ip(std::string& to, const IpAddress& ip, bool v4) {
  const std::array<std::uint8_t, 16>& bytes = ip.bytes();
  to.append(reinterpret_cast<const char*>(bytes.data()) + (v4 ? 12 : 0), v4 ? 4 : 16);
}

// Addresses of both kinds in one header are both written as IPv6.
std::string v6_text(const IpAddress& ip) { return ip.is_v4() ? "::ffff:" + ip.to_string() : ip.to_string(); }

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return state(State::need_more);
  for (std::string_view begin : {kBeginV1, kBeginV2}) {
    std::size_t common = std::min(bytes.size(), begin.size());
    if (bytes.substr(0, common) != begin.substr(0, common)) continue;
    if (common < begin.size()) return state(State::need_more);
    return begin == kBeginV1 ? read_v1(bytes) : read_v2(bytes);
  }
  return state(State::absent);
}

std::string write_proxy_header(int version, const ProxyAddresses& addresses) {
  const SocketAddress& source = addresses.source;
  const SocketAddress& destination = addresses.destination;
  bool v4 = source.ip.is_v4() && destination.ip.is_v4();
  std::string header;
  if (version == 1) {
    header = kBeginV1;
    header += v4 ? "TCP4 " : "TCP6 ";
    header += v4 ? source.ip.to_string() : v6_text(source.ip);
    header += ' ';
    header += v4 ? destination.ip.to_string() : v6_text(destination.ip);
    header += ' ' + std::to_string(source.port) + ' ' + std::to_string(destination.port) + "\r\n";
    return header;
  }
  header = kBeginV2;
  header += '\x21';
  header += static_cast<char>(v4 ? Family::tcp4 : Family::tcp6);
  append_short(header, v4 ? kAddressesV4 : kAddressesV6);
  append_ip(header, source.ip, v4);
  append_ip(header, destination.ip, v4);
  append_short(header, source.port);
  append_short(header, destination.port);
  return header;
}

}  // namespace sluice::net
