#include "async/fd_watch.h"

#include <sys/epoll.h>

#include <utility>

namespace sluice {

Status FdWatch::start(int fd, bool read, bool write) {
  std::uint32_t events = (read ? EPOLLIN : 0U) | (write ? EPOLLOUT : 0U);
  Loop& loop = Loop::current();
  if (fd_ == fd) {
    loop.rewatch(fd, events, *this);
    return {};
  }
  stop();
  Status watched = loop.watch(fd, events, *this);
  if (watched) fd_ = fd;
  return watched;
}

void FdWatch::stop() {
  if (fd_ < 0) return;
  Loop::current().unwatch(std::exchange(fd_, -1));
  pending_ = 0;
  Wakeup::unlink();
}

void FdWatch::dispatch(std::uint32_t epoll_events) {
  pending_ |= epoll_events;
  Loop::current().wake(*this);
}

void FdWatch::wake_up() {
  std::uint32_t events = std::exchange(pending_, 0);
  bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  on_ready(broken || (events & EPOLLIN) != 0, broken || (events & EPOLLOUT) != 0);
}

}  // namespace sluice
