// signal.h: a condition that tasks of one loop wait for and other tasks announce.
//
// As with a condition variable, whoever waits checks its own state again afterwards. Waiters wake in the order they
// came.
#pragma once

#include "async/loop.h"
#include "async/waiter.h"
#include "base/time.h"

namespace sluice {

class Signal {
 public:
  class Wait;

  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal();

  // ok when notified, timed_out at the deadline, or what the scope was cancelled with.
  Wait wait(Deadline deadline = kNoDeadline);
  void notify_one();
  void notify_all();
  bool has_waiters() const { return !waits_.empty(); }

 private:
  struct WaitTag;
  List<Wait, WaitTag> waits_;
};

class Signal::Wait final : public async::Waiter, public ListNode<WaitTag>, private async::TimerNode {
 public:
  Wait(Signal& signal, Deadline deadline) : signal_(signal), deadline_(deadline) {}
  ~Wait() = default;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (!enroll(handle, handle.promise().scope())) return false;
    signal_.waits_.push_back(*this);
    if (!deadline_.is_never()) Loop::current().arm(*this, deadline_);
    return true;
  }
  Status await_resume() const { return outcome(); }

 private:
  friend class Signal;
  void leave() {
    ListNode<WaitTag>::unlink();
    async::TimerNode::unlink();
  }
  void abandon() override { leave(); }
  void expired() override {
    leave();
    finish(Error::of(Code::timed_out, "timed out"));
  }

  Signal& signal_;
  Deadline deadline_;
};

inline Signal::~Signal() { SLUICE_CHECK(waits_.empty()); }
inline Signal::Wait Signal::wait(Deadline deadline) { return Wait(*this, deadline); }
inline void Signal::notify_one() {
  Wait* wait = waits_.front();
  if (wait == nullptr) return;
  wait->leave();
  wait->finish({});
}
inline void Signal::notify_all() {
  while (!waits_.empty()) notify_one();
}

}  // namespace sluice
