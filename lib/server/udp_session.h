// udp_session.h: one client of a UDP entry point and the socket towards its server.
//
// Owned by the entry point, on its worker. Ends by Owner::end, which destroys it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/fd_watch.h"
#include "async/timer.h"
#include "base/list.h"
#include "net/udp_socket.h"
#include "proxy/udp_services.h"

namespace sluice::server {

class UdpSession final : public ListNode<>, private FdWatch, private Timer {
 public:
  // The entry point. `end` and `failed` destroy the session; callers touch it no more.
  class Owner {
   public:
    virtual void answer(UdpSession& session, net::Datagrams& datagrams, std::size_t count) = 0;
    virtual void end(UdpSession& session) = 0;
    virtual void failed(UdpSession& session, const Error& error) = 0;
    virtual net::Datagrams& datagrams() = 0;

   protected:
    ~Owner() = default;
  };

  struct Identity {
    std::uint64_t number = 0;  // unique on this entry point
    SocketAddress client;
    net::UdpLocal local;  // where the client sent to
    std::string router;   // qualified name
    std::string server;   // address as configured
  };

  UdpSession(Owner& owner, Identity identity, Duration timeout);
  ~UdpSession();

  const Identity& identity() const { return identity_; }
  net::UdpLocal& local() { return identity_.local; }

  // The snapshot the session was last found good for.
  std::uint64_t good_for = 0;

  // The server is known: what waited goes out. Error: no socket, or it cannot be watched.
  Status connect(const SocketAddress& server);
  // From the client. Kept while the server is looked up, up to kMostWaiting datagrams. Error: the server is not there.
  Status send(std::string_view datagram);

  static constexpr std::size_t kMostWaiting = 16;

 private:
  void on_ready(bool readable, bool writable) override;
  void on_timer() override;

  Owner& owner_;
  Identity identity_;
  Duration timeout_;
  Time active_;
  int fd_ = -1;
  std::vector<std::string> waiting_;
};

}  // namespace sluice::server
