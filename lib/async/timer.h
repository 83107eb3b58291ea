// timer.h: sleeping, and one-shot timers that call back.
#pragma once

#include "async/loop.h"
#include "async/waiter.h"
#include "base/time.h"

namespace sluice {

namespace async {

class SleepWait final : public Waiter, private TimerNode {
 public:
  explicit SleepWait(Time until) : until_(until) {}
  ~SleepWait() = default;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (!enroll(handle, handle.promise().scope())) return false;
    Loop::current().arm(*this, until_);
    return true;
  }
  // ok when the time has come, or what the scope was cancelled with.
  Status await_resume() const { return outcome(); }

 private:
  void abandon() override { TimerNode::unlink(); }
  void expired() override { finish({}); }

  Time until_;
};

}  // namespace async

inline async::SleepWait sleep_until(Time until) { return async::SleepWait(until); }
inline async::SleepWait sleep_for(Duration duration) {
  return async::SleepWait(Loop::current().read_clock() + duration);
}

namespace async {

class YieldWait final : public Waiter {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (!enroll(handle, handle.promise().scope())) return false;
    finish({});
    return true;
  }
  void await_resume() const noexcept {}

 private:
  void abandon() override {}
};

}  // namespace async

// Lets everything else that is ready run first.
inline async::YieldWait yield_turn() { return {}; }

// Calls `on_timer` from the ready list once the time set last has come. Gone with its owner.
class Timer : private async::TimerNode, private async::Wakeup {
 public:
  void set(Duration from_now) {
    async::Wakeup::unlink();
    Loop::current().arm(*this, Loop::current().now() + from_now);
  }
  void clear() {
    async::TimerNode::unlink();
    async::Wakeup::unlink();
  }
  bool is_set() const { return async::TimerNode::linked() || async::Wakeup::linked(); }

 protected:
  ~Timer() = default;
  virtual void on_timer() = 0;

 private:
  void expired() override { Loop::current().wake(*this); }
  void wake_up() override { on_timer(); }
};

}  // namespace sluice
