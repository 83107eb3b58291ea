// udp_socket.h: UDP sockets: those clients send to, shared by the workers, and connected ones towards servers; and
// datagrams in batches.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace sluice::net {

// Checks that nobody else has `address`. Error: of bind.
Status probe_udp_address(const SocketAddress& address);
// A non-blocking socket that clients send to; with SO_REUSEPORT the kernel keeps each client with one worker. Port 0
// takes a free one, which is then in `address`. An unspecified IPv6 address serves IPv4 too.
Result<int> open_udp(SocketAddress& address);
// A non-blocking socket that talks to one server only.
Result<int> connect_udp(const SocketAddress& server);

// The address of ours that a client sent to, in the form the kernel takes it back to answer from there: a machine may
// have several, and a client believes the one it asked.
struct UdpLocal {
  alignas(cmsghdr) char control[64] = {};
  std::uint8_t size = 0;
};

// Room for a batch of datagrams of any size. Pages that no datagram has filled cost nothing. One per thread or socket;
// what `receive` gave is valid until the next call.
class Datagrams {
 public:
  static constexpr std::size_t kBatch = 32;
  static constexpr std::size_t kLargest = 65536;

  Datagrams();

  struct Datagram {
    std::string_view bytes;
    SocketAddress from;
    UdpLocal to;
  };
  // What is there, at most a batch; empty: nothing. Error: of the system (refused: a server that is not there).
  Result<std::size_t> receive(int fd);
  Datagram at(std::size_t index) const;
  // Sends the datagrams just received on to one client, by the socket it sent to. What does not fit is lost, as UDP
  // does.
  void send_all(int fd, std::size_t count, const SocketAddress& to, bool v6_socket, UdpLocal& from);

 private:
  std::unique_ptr<char[]> bytes_;
  std::vector<mmsghdr> messages_;
  std::vector<iovec> pieces_;
  std::vector<sockaddr_storage> names_;
  std::vector<UdpLocal> locals_;
};

}  // namespace sluice::net
