// listener.h: accepting TCP connections. One listener per worker and address, sharing the port by SO_REUSEPORT, so the
// kernel spreads connections and workers share nothing.
#pragma once

#include <cstdint>

#include "async/fd_watch.h"
#include "async/timer.h"
#include "base/ip.h"

namespace sluice::net {

// Checks that nobody else listens on `address`: with SO_REUSEPORT alone a second process would silently take half of
// the connections. Error: refused/system error of bind.
Status probe_address(const SocketAddress& address);

class Listener : private FdWatch, private Timer {
 public:
  // Binds and listens: from now on the kernel queues connections. Port 0 takes a free one. An unspecified IPv6 address
  // serves IPv4 too.
  Status open(const SocketAddress& address);
  // Accepts, from now on.
  Status start();
  // Accepts what the kernel has queued, then stops.
  void close();
  bool is_open() const { return fd_ >= 0; }
  SocketAddress local() const { return local_; }

 protected:
  Listener() = default;
  ~Listener();

  // A new connection: non-blocking, TCP_NODELAY and keep-alive on. The callee owns `fd`.
  virtual void on_accept(int fd, const SocketAddress& remote) = 0;
  // No descriptors are left. The callee closes idle connections; accepting pauses for 100 ms.
  virtual void on_exhausted() = 0;

 private:
  void on_ready(bool readable, bool writable) override;
  void on_timer() override;
  bool accept_some(int most);

  int fd_ = -1;
  SocketAddress local_;
};

}  // namespace sluice::net
