// readiness.h: a non-blocking socket in the loop's epoll set, and waiting for it to become readable or writable.
//
// Edge-triggered: the flags say "perhaps ready" until a system call says EAGAIN and the owner clears them. One reader
// and one writer may wait at a time.
//
// One registration per descriptor, which is changed in two cases only. Writing is added the first time somebody has to
// wait for it: a new socket would report at once that it can be written to. And whoever goes on sending while nobody
// reads (the other end of a relay is full) is not listened to until what has arrived is read.
//
// Deadlines are lazy: the timer of a direction is left armed when a wait ends and looked at again when it fires, so a
// busy connection arms a timer about once per timeout, not once per request.
#pragma once

#include <cstdint>

#include "async/loop.h"
#include "async/waiter.h"
#include "base/time.h"

namespace sluice::async {

// Wants to know at once what happens to a connection while nobody reads. Called from within the loop's event dispatch,
// so it may wake, cancel and set timers, nothing more.
class BreakObserver {
 public:
  // A reset, not an orderly end. At most once per connection.
  virtual void connection_broke() = 0;
  // The peer has closed its side, or the connection broke. At most once per connection.
  virtual void peer_ended() {}

 protected:
  ~BreakObserver() = default;
};

class Readiness final : public EventSource {
 public:
  Readiness() = default;
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Registers `fd`. The descriptor is not owned; closing it ends the registration. `connecting`: it is written to once
  // it is connected, which is waited for.
  Status open(int fd, bool connecting = false);
  // Told while nobody reads. Null: nobody.
  void observe(BreakObserver* observer) { observer_ = observer; }

  // The system calls found nothing more (EAGAIN, or a short read): the next wait really waits.
  void not_readable() {
    in_.ready = hung_up_;
    unread_arrivals_ = 0;
    if (deaf_) listen(true);
  }
  void not_writable() { out_.ready = false; }
  // The peer has closed its side or the connection broke; reading will say which.
  bool hung_up() const { return hung_up_; }
  // The peer has closed its side in the orderly way, and all it sent has arrived: a read of a stream socket that gets
  // less than it asked for has got the last. (A read also stops where urgent data is, tcp(7); then it may not be the
  // last.)
  bool all_arrived() const { return hung_up_ && !reset_ && !urgent_; }
  // The connection broke (EPOLLERR): reset by the peer, most often.
  bool broken() const { return broken_; }
  bool readable() const { return in_.ready; }
  // The peer has reset it. A connection that both sides have ended is broken, but not that.
  bool reset() const { return reset_; }
  // A system call said so before the loop did.
  void was_reset() { hung_up_ = broken_ = reset_ = true; }

  // Whoever waits wakes with `error`, and both sides count as ready and broken from now on.
  void interrupt(const Error& error);

  class Wait;
  // ok, or timed_out, or what the scope was cancelled with.
  Wait readable_by(Deadline deadline);
  Wait writable_by(Deadline deadline);

  void dispatch(std::uint32_t epoll_events) override;

 private:
  class Side final : public TimerNode {
   public:
    ~Side() = default;
    void expired() override;

    bool ready = true;
    Wait* waiter = nullptr;
    Deadline deadline = kNoDeadline;
  };

  std::uint32_t events() const;
  void listen(bool on);
  void wake(Side& side);

  Side in_;
  Side out_;
  int fd_ = -1;
  std::uint8_t unread_arrivals_ = 0;
  bool watches_writing_ = false;
  bool deaf_ = false;    // arrivals are not reported
  bool urgent_ = false;  // there is urgent data, or there may be
  bool hung_up_ = false;
  bool broken_ = false;
  bool reset_ = false;
  BreakObserver* observer_ = nullptr;
};

class Readiness::Wait final : public Waiter {
 public:
  Wait(Side& side, Deadline deadline) : side_(side), deadline_(deadline) {}
  ~Wait() = default;

  bool await_ready() const noexcept { return side_.ready; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    return begin(handle, handle.promise().scope());
  }
  Status await_resume() const { return outcome(); }

 private:
  bool begin(std::coroutine_handle<> handle, Scope* scope);
  void abandon() override { side_.waiter = nullptr; }

  Side& side_;
  Deadline deadline_;
};

inline Readiness::Wait Readiness::readable_by(Deadline deadline) { return Wait(in_, deadline); }

}  // namespace sluice::async
