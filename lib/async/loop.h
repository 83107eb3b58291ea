// loop.h: one event loop per thread: an epoll set of sockets, a ready list, a timer wheel, and a libuv loop embedded
// for what libuv does well: signals and the thread pool.
//
// Why a set of our own: libuv turns every change of a uv_poll_t's mask into a DEL and an ADD, about four epoll_ctl per
// connection. Here a connection costs one ADD, and a keep-alive request none. libuv's own descriptor sits in our set
// and not the other way round: a turn is then one epoll_wait, not one for each set.
//
// All members are for the loop's own thread. Other threads reach a loop only through a Doorbell (mailbox.h).
#pragma once

#include <memory>
#include <span>

#include "async/lent.h"
#include "async/scope.h"
#include "async/timer_wheel.h"
#include "async/waiter.h"
#include "base/time.h"

struct uv_loop_s;

namespace sluice {

namespace async {

// An entry of the loop's epoll set. `dispatch` only takes note: it sets flags and wakes waiters.
class EventSource {
 public:
  virtual void dispatch(std::uint32_t epoll_events) = 0;

  // Of the events of one poll those of early sources come first: responses of upstreams before new requests, so that
  // connections are free again before they are needed and like work runs together (2 to 3 % of CPU).
  bool early() const { return early_; }
  void set_early() { early_ = true; }

 protected:
  ~EventSource() = default;

 private:
  bool early_ = false;
};

}  // namespace async

class Loop {
 public:
  // `manual`: time stands still until `advance` moves it, for tests.
  enum class ClockKind { monotonic, manual };

  explicit Loop(ClockKind clock = ClockKind::monotonic);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // The loop of this thread; made by its constructor, gone with its destructor. One per thread.
  static Loop& current() {
    SLUICE_CHECK(this_thread_loop != nullptr);
    return *this_thread_loop;
  }

  // The time at the start of this turn.
  Time now() const { return now_; }
  // The time itself, for what has to last a while from here on however long this turn took already.
  Time read_clock() const { return clock_ == ClockKind::manual ? now_ : Time::now(); }

  // Runs until `stop`. May be called again afterwards.
  void run();
  // Ends `run`, or the next one. Forgotten once any of the functions below has returned.
  void stop();
  // One turn: waits for an event if nothing is ready. For bringing tasks to their end after `run`.
  void run_once();
  // Runs ready tasks and events that are due now, without waiting; for tests.
  void run_ready();
  // Manual clock only: moves time and fires what became due.
  void advance(Duration by);

  // Puts `wakeup` on the ready list unless it is there already.
  void wake(async::Wakeup& wakeup) {
    if (!static_cast<ListNode<async::ReadyTag>&>(wakeup).linked()) ready_.push_back(wakeup);
  }

  // Timers; `arm` as TimerWheel::arm.
  void arm(async::TimerNode& node, Time due);

  // Adds a descriptor to the set: `events` are EPOLL* bits. The source must stay until `unwatch` or until the
  // descriptor is closed.
  Status watch(int fd, std::uint32_t events, async::EventSource& source);
  void rewatch(int fd, std::uint32_t events, async::EventSource& source);
  void unwatch(int fd);

  // Bytes to read into, shared by everything on this loop: what a read lends is valid until the reader suspends, unless
  // it is held as LentBytes.
  static constexpr std::size_t kScratch = 256 * 1024;
  std::span<char> scratch() {
    while (LentBytes* lent = outstanding_.front()) {
      lent->keep();
      static_cast<ListNode<async::LentTag>*>(lent)->unlink();
    }
    return {scratch_.get(), kScratch};
  }
  void note_lent(LentBytes& lent) { outstanding_.push_back(lent); }
  // The reader says how much of it it lent; debug builds overwrite that much after the turn.
  void lent(std::size_t bytes) { lent_ = bytes > lent_ ? bytes : lent_; }

  // Grows by one with every wake-up: equal numbers mean that the running task has not waited in between.
  std::uint64_t turn() const { return turn_; }

  // For starting handles and work. libuv learns of them in the turn that follows.
  uv_loop_s* uv() {
    uv_due_ = true;
    return uv_.get();
  }

 private:
  static constinit thread_local Loop* this_thread_loop;

  struct UvDelete {
    void operator()(uv_loop_s* loop) const;
  };

  void turn(bool wait);
  int wait_ms();
  void poll(int wait_ms);
  void run_ready_list();
  void run_uv();
  void fire_timers();
  void update_now();

  std::unique_ptr<uv_loop_s, UvDelete> uv_;
  bool uv_due_ = true;
  bool stopped_ = false;
  int epoll_ = -1;
  ClockKind clock_;
  Time now_;
  async::TimerWheel wheel_;
  Time next_due_ = Time::never();  // never() also when it has to be asked for
  List<async::Wakeup, async::ReadyTag> ready_;
  std::unique_ptr<char[]> scratch_;
  List<LentBytes, async::LentTag> outstanding_;
  std::size_t lent_ = 0;
  std::uint64_t turn_ = 0;
};

}  // namespace sluice
