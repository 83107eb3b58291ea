#include "base/ip.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "base/text.h"

namespace sluice {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress address;
  std::memcpy(address.bytes_.data(), kMappedPrefix.data(), kMappedPrefix.size());
  std::uint32_t network_order = htonl(host_order);
  std::memcpy(address.bytes_.data() + 12, &network_order, 4);
  return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes) {
  IpAddress address;
  address.bytes_ = bytes;
  return address;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  text = text.substr(0, text.find('%'));
  if (text.size() < sizeof buffer && !text.empty() && text.find('\0') == std::string_view::npos) {
    std::memcpy(buffer, text.data(), text.size());
    buffer[text.size()] = '\0';
    in_addr four{};
    if (inet_pton(AF_INET, buffer, &four) == 1) return v4(ntohl(four.s_addr));
    IpAddress address;
    if (inet_pton(AF_INET6, buffer, address.bytes_.data()) == 1) return address;
  }
  return Error::of(Code::invalid, "not an IP address");
}

bool IpAddress::is_v4() const { return std::memcmp(bytes_.data(), kMappedPrefix.data(), kMappedPrefix.size()) == 0; }

std::string IpAddress::to_string() const {
  if (is_v4()) return fmt::format("{}.{}.{}.{}", bytes_[12], bytes_[13], bytes_[14], bytes_[15]);
  char buffer[INET6_ADDRSTRLEN];
  const char* text = inet_ntop(AF_INET6, bytes_.data(), buffer, sizeof buffer);
  return text != nullptr ? text : "";
}

Result<SocketAddress> SocketAddress::from(const sockaddr* address) {
  SocketAddress result;
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    result.ip = IpAddress::v4(ntohl(in.sin_addr.s_addr));
    result.port = ntohs(in.sin_port);
    return result;
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, 16);
    result.ip = IpAddress::v6(bytes);
    result.port = ntohs(in.sin6_port);
    return result;
  }
  return Error::of(Code::unsupported, "not an IP socket address");
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const Error bad = Error::of(Code::invalid, "not an address of the form 1.2.3.4:80 or [::1]:80");
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad;
  std::string_view host = text.substr(0, colon);
  bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != std::string_view::npos)) return bad;
  Result<IpAddress> ip = IpAddress::parse(host);
  std::optional<std::uint64_t> port = parse_u64(text.substr(colon + 1));
  if (!ip || !port || *port > 65535) return bad;
  return SocketAddress{*ip, static_cast<std::uint16_t>(*port)};
}

unsigned SocketAddress::fill(sockaddr_storage& storage, bool as_v6) const {
  std::memset(&storage, 0, sizeof storage);
  if (ip.is_v4() && !as_v6) {
    auto* in = reinterpret_cast<sockaddr_in*>(&storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    std::memcpy(&in->sin_addr, ip.bytes().data() + 12, 4);
    return sizeof(sockaddr_in);
  }
  auto* in = reinterpret_cast<sockaddr_in6*>(&storage);
  in->sin6_family = AF_INET6;
  in->sin6_port = htons(port);
  std::memcpy(&in->sin6_addr, ip.bytes().data(), 16);
  return sizeof(sockaddr_in6);
}

std::string SocketAddress::to_string() const {
  return ip.is_v4() ? fmt::format("{}:{}", ip.to_string(), port) : fmt::format("[{}]:{}", ip.to_string(), port);
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const Error bad = Error::of(Code::invalid, "not an IP address or CIDR network");
  std::size_t slash = text.find('/');
  Result<IpAddress> ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return bad;
  Cidr cidr;
  cidr.network_ = *ip;
  if (slash != std::string_view::npos) {
    std::optional<std::uint64_t> bits = parse_u64(text.substr(slash + 1));
    // A mapped network written as IPv6 (::ffff:10.0.0.0/104) counts its bits in the long form.
    bool short_form = ip->is_v4() && text.substr(0, slash).find(':') == std::string_view::npos;
    std::uint64_t longest = short_form ? 32 : 128;
    if (!bits || *bits > longest) return bad;
    cidr.bits_ = static_cast<std::uint8_t>(*bits + (short_form ? 96 : 0));
  }
  std::array<std::uint8_t, 16> bytes = cidr.network_.bytes();
  for (unsigned i = 0; i < 16; ++i) {
    unsigned keep = cidr.bits_ > i * 8 ? std::min(8U, cidr.bits_ - i * 8) : 0;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00 >> keep));
  }
  cidr.network_ = IpAddress::v6(bytes);
  return cidr;
}

bool Cidr::contains(const IpAddress& address) const {
  unsigned whole = bits_ / 8;
  const std::uint8_t* a = address.bytes().data();
  const std::uint8_t* n = network_.bytes().data();
  if (std::memcmp(a, n, whole) != 0) return false;
  unsigned rest = bits_ % 8;
  return rest == 0 || ((a[whole] ^ n[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

std::string Cidr::to_string() const {
  bool four = network_.is_v4() && bits_ >= 96;
  return network_.to_string() + "/" + std::to_string(four ? bits_ - 96 : bits_);
}

Result<CidrSet> CidrSet::parse(const std::vector<std::string>& entries) {
  CidrSet set;
  for (const std::string& entry : entries) {
    Result<Cidr> cidr = Cidr::parse(trim(entry));
    if (!cidr) return cidr.error();
    set.networks_.push_back(*cidr);
  }
  return set;
}

bool CidrSet::contains(const IpAddress& address) const {
  for (const Cidr& network : networks_) {
    if (network.contains(address)) return true;
  }
  return false;
}

}  // namespace sluice
