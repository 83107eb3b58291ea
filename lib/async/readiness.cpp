#include "async/readiness.h"

#include <sys/epoll.h>

#include <utility>

namespace sluice::async {
namespace {

// So many arrivals that nobody reads are heard of. Each costs a turn of the loop; not to hear costs two system calls.
constexpr std::uint8_t kUnreadArrivals = 2;

}  // namespace

Status Readiness::open(int fd, bool connecting) {
  fd_ = fd;
  watches_writing_ = connecting;
  out_.ready = !connecting;
  in_.ready = false;  // registering reports what is there already with the next poll: no system call to find nothing
  return Loop::current().watch(fd, events(), *this);
}

std::uint32_t Readiness::events() const {
  std::uint32_t events = EPOLLET | EPOLLRDHUP;
  if (!deaf_) events |= EPOLLIN | EPOLLPRI;
  if (watches_writing_) events |= EPOLLOUT;
  return events;
}

// What is there by the time is reported at once.
void Readiness::listen(bool on) {
  deaf_ = !on;
  if (deaf_) urgent_ = true;
  Loop::current().rewatch(fd_, events(), *this);
}

Readiness::Wait Readiness::writable_by(Deadline deadline) {
  if (!out_.ready && !watches_writing_) {
    watches_writing_ = true;
    Loop::current().rewatch(fd_, events(), *this);  // reports it at once if it can be written to by now
  }
  return Wait(out_, deadline);
}

void Readiness::dispatch(std::uint32_t epoll_events) {
  if ((epoll_events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0 && !hung_up_) {
    hung_up_ = true;
    if (observer_ != nullptr && in_.waiter == nullptr) observer_->peer_ended();
  }
  if ((epoll_events & EPOLLPRI) != 0) urgent_ = true;
  if ((epoll_events & EPOLLIN) != 0 && in_.ready && !hung_up_ && ++unread_arrivals_ == kUnreadArrivals) listen(false);
  if ((epoll_events & EPOLLERR) != 0) reset_ = true;
  if ((epoll_events & (EPOLLERR | EPOLLHUP)) != 0 && !broken_) {
    broken_ = true;
    if (observer_ != nullptr && in_.waiter == nullptr) observer_->connection_broke();
  }
  if ((epoll_events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0) wake(in_);
  if ((epoll_events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) wake(out_);
}

void Readiness::wake(Side& side) {
  side.ready = true;
  if (side.waiter != nullptr) std::exchange(side.waiter, nullptr)->finish({});
}

void Readiness::interrupt(const Error& error) {
  hung_up_ = broken_ = true;
  for (Side* side : {&in_, &out_}) {
    side->ready = true;
    if (side->waiter != nullptr) std::exchange(side->waiter, nullptr)->finish(error);
  }
}

void Readiness::Side::expired() {
  if (waiter == nullptr) return;
  Loop& loop = Loop::current();
  if (deadline <= loop.now()) {
    std::exchange(waiter, nullptr)->finish(Error::of(Code::timed_out, "timed out"));
  } else {
    loop.arm(*this, deadline);
  }
}

bool Readiness::Wait::begin(std::coroutine_handle<> handle, Scope* scope) {
  SLUICE_CHECK(side_.waiter == nullptr);
  if (!enroll(handle, scope)) return false;
  side_.waiter = this;
  side_.deadline = deadline_;
  bool armed = side_.linked();
  if (!deadline_.is_never() && (!armed || side_.due() > deadline_)) Loop::current().arm(side_, deadline_);
  return true;
}

}  // namespace sluice::async
