// ip.h: IP addresses, socket addresses and sets of networks.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct sockaddr;
struct sockaddr_storage;

namespace sluice {

// An IPv4 or IPv6 address. IPv4-mapped IPv6 addresses (::ffff:a.b.c.d) are IPv4, so that one client has one address
// in every comparison. Zones are not kept.
class IpAddress {
 public:
  IpAddress() = default;  // the unspecified IPv6 address
  static IpAddress v4(std::uint32_t host_order);
  static IpAddress v6(const std::array<std::uint8_t, 16>& bytes);
  // Dotted decimal, or RFC 4291 text; a zone ("%eth0") is dropped. Error: Code::invalid.
  static Result<IpAddress> parse(std::string_view text);

  bool is_v4() const;
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }  // IPv4 in mapped form
  std::string to_string() const;                                        // IPv6 without brackets

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  static Result<SocketAddress> from(const sockaddr* address);
  // "1.2.3.4:80" or "[::1]:80". Error: Code::invalid.
  static Result<SocketAddress> parse(std::string_view text);
  // Fills `storage` and returns its length. `as_v6` writes IPv4 in mapped form, for dual-stack sockets.
  unsigned fill(sockaddr_storage& storage, bool as_v6 = false) const;
  std::string to_string() const;

  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

// "10.0.0.0/8", "2001:db8::/32", or a single address.
class Cidr {
 public:
  static Result<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  std::string to_string() const;

  friend bool operator==(const Cidr&, const Cidr&) = default;

 private:
  IpAddress network_;
  std::uint8_t bits_ = 128;  // of the 128-bit form
};

class CidrSet {
 public:
  CidrSet() = default;
  // Every entry an address or a network; the error text does not say which entry failed, the caller knows.
  static Result<CidrSet> parse(const std::vector<std::string>& entries);
  bool contains(const IpAddress& address) const;
  bool empty() const { return networks_.empty(); }

  friend bool operator==(const CidrSet&, const CidrSet&) = default;

 private:
  std::vector<Cidr> networks_;
};

}  // namespace sluice
