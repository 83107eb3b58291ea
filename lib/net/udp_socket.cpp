#include "net/udp_socket.h"

#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::net {
namespace {

Result<int> bind_udp(const SocketAddress& address, bool shared) {
  sockaddr_storage storage;
  socklen_t length = address.fill(storage);
  int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 && errno == EAFNOSUPPORT && address.ip == IpAddress()) {
    // A machine without IPv6: "any address" means any IPv4 address.
    length = SocketAddress{IpAddress::v4(0), address.port}.fill(storage);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  }
  if (fd < 0) return Error::system(errno, "socket");
  int on = 1;
  int off = 0;
  if (shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (storage.ss_family == AF_INET6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  } else {
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  }
  if (bind(fd, reinterpret_cast<sockaddr*>(&storage), length) != 0) {
    Error error = Error::system(errno, "bind");
    ::close(fd);
    return error;
  }
  return fd;
}

// Only the address counts for an answer: by which interface it goes is the route's business.
void keep_local(const msghdr& message, UdpLocal& local) {
  local.size = 0;
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(const_cast<msghdr*>(&message), one)) {
    bool v4 = one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO;
    bool v6 = one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_PKTINFO;
    if (!v4 && !v6) continue;
    std::size_t size = v4 ? CMSG_SPACE(sizeof(in_pktinfo)) : CMSG_SPACE(sizeof(in6_pktinfo));
    if (size > sizeof local.control) return;
    if (v4) reinterpret_cast<in_pktinfo*>(CMSG_DATA(one))->ipi_ifindex = 0;
    if (v6) reinterpret_cast<in6_pktinfo*>(CMSG_DATA(one))->ipi6_ifindex = 0;
    std::memmove(local.control, one, one->cmsg_len);
    local.size = static_cast<std::uint8_t>(size);
    return;
  }
}

}  // namespace

Status probe_udp_address(const SocketAddress& address) {
  if (address.port == 0) return {};
  Result<int> fd = bind_udp(address, false);
  if (!fd) return fd.error();
  ::close(*fd);
  return {};
}

Result<int> open_udp(SocketAddress& address) {
  Result<int> fd = bind_udp(address, true);
  if (!fd) return fd;
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  Result<SocketAddress> local = Error::of(Code::internal, "getsockname");
  if (getsockname(*fd, reinterpret_cast<sockaddr*>(&bound), &length) == 0) {
    local = SocketAddress::from(reinterpret_cast<sockaddr*>(&bound));
  }
  if (!local) {
    ::close(*fd);
    return local.error();
  }
  address = *local;
  return fd;
}

Result<int> connect_udp(const SocketAddress& server) {
  sockaddr_storage storage;
  socklen_t length = server.fill(storage);
  int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error::system(errno, "socket", Origin::upstream);
  if (connect(fd, reinterpret_cast<sockaddr*>(&storage), length) != 0) {
    Error error = Error::system(errno, "connect", Origin::upstream);
    ::close(fd);
    return error;
  }
  return fd;
}

Datagrams::Datagrams()
    : bytes_(new char[kBatch * kLargest]), messages_(kBatch), pieces_(kBatch), names_(kBatch), locals_(kBatch) {}

Result<std::size_t> Datagrams::receive(int fd) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    pieces_[i] = {bytes_.get() + i * kLargest, kLargest};
    msghdr& message = messages_[i].msg_hdr;
    message = {};
    message.msg_name = &names_[i];
    message.msg_namelen = sizeof names_[i];
    message.msg_iov = &pieces_[i];
    message.msg_iovlen = 1;
    message.msg_control = locals_[i].control;
    message.msg_controllen = sizeof locals_[i].control;
  }
  for (;;) {
    int count = recvmmsg(fd, messages_.data(), kBatch, 0, nullptr);
    if (count >= 0) {
      for (int i = 0; i < count; ++i) {
        auto at = static_cast<std::size_t>(i);
        keep_local(messages_[at].msg_hdr, locals_[at]);
      }
      return static_cast<std::size_t>(count);
    }
    if (errno == EAGAIN) return std::size_t{0};
    if (errno != EINTR) return Error::system(errno, "recvmmsg");
  }
}

Datagrams::Datagram Datagrams::at(std::size_t index) const {
  Datagram datagram;
  datagram.bytes = {bytes_.get() + index * kLargest, messages_[index].msg_len};
  Result<SocketAddress> from = SocketAddress::from(reinterpret_cast<const sockaddr*>(&names_[index]));
  if (from) datagram.from = *from;
  datagram.to = locals_[index];
  return datagram;
}

void Datagrams::send_all(int fd, std::size_t count, const SocketAddress& to, bool v6_socket, UdpLocal& from) {
  sockaddr_storage name;
  socklen_t length = to.fill(name, v6_socket);
  for (std::size_t i = 0; i < count; ++i) {
    pieces_[i].iov_len = messages_[i].msg_len;
    msghdr& message = messages_[i].msg_hdr;
    message = {};
    message.msg_name = &name;
    message.msg_namelen = length;
    message.msg_iov = &pieces_[i];
    message.msg_iovlen = 1;
    if (from.size > 0) {
      message.msg_control = from.control;
      message.msg_controllen = from.size;
    }
  }
  std::size_t sent = 0;
  while (sent < count) {
    int now = sendmmsg(fd, messages_.data() + sent, static_cast<unsigned>(count - sent), MSG_NOSIGNAL);
    if (now > 0) {
      sent += static_cast<std::size_t>(now);
    } else if (errno != EINTR) {
      ++sent;  // this one is lost (no room, or nobody there any more); those behind it may not be
    }
  }
}

}  // namespace sluice::net
