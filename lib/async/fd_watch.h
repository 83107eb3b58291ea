// fd_watch.h: level-triggered readiness of a descriptor that somebody else owns (libcurl's sockets, an eventfd).
#pragma once

#include "async/loop.h"
#include "async/waiter.h"

namespace sluice {

class FdWatch : private async::EventSource, private async::Wakeup {
 public:
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  // Starts watching, or changes what is watched. The descriptor must stay open until `stop`.
  Status start(int fd, bool read, bool write);
  // Safe after the descriptor was closed.
  void stop();
  int fd() const { return fd_; }

 protected:
  FdWatch() = default;
  ~FdWatch() { stop(); }

  // From the ready list. Errors and hang-ups count as both. May destroy this object.
  virtual void on_ready(bool readable, bool writable) = 0;

 private:
  void dispatch(std::uint32_t epoll_events) override;
  void wake_up() override;

  int fd_ = -1;
  std::uint32_t pending_ = 0;
};

}  // namespace sluice
