// waiter.h: what the loop's ready list holds, and the suspended leaf of a task.
//
// An event (readiness, timer, cancel, channel, mailbox) never runs a coroutine itself: it puts a `Wakeup` on the loop's
// ready list, which the loop runs after the callback has returned.
#pragma once

#include <coroutine>

#include "async/task.h"
#include "base/list.h"
#include "base/result.h"

namespace sluice {

class Loop;
class Scope;

namespace async {

struct ReadyTag;
struct ScopeTag;

class Wakeup : public ListNode<ReadyTag> {
 public:
  // Called once per time it was put on the ready list. May destroy itself and other objects.
  virtual void wake_up() = 0;

 protected:
  ~Wakeup() = default;
};

// A coroutine that waits for one thing. Lives in the awaiter, in the coroutine's frame; leaves all lists when resumed.
class Waiter : public Wakeup, public ListNode<ScopeTag> {
 public:
  // Takes part in `scope` (null: cannot be cancelled). False when the scope is already cancelled: then `outcome` says
  // so and the coroutine must not suspend.
  bool enroll(std::coroutine_handle<> handle, Scope* scope);

  // Puts the coroutine on the ready list with the given outcome. The source that calls this has forgotten the waiter.
  void finish(Status outcome);

  // The scope was cancelled: leaves its source, then finishes with the scope's error.
  void cancel(const Error& error) {
    abandon();
    finish(error);
  }

  const Status& outcome() const { return outcome_; }
  void set_outcome(const Status& outcome) { outcome_ = outcome; }

  void wake_up() final { drive(handle_); }

 protected:
  Waiter() = default;
  ~Waiter() = default;

  // Makes the source forget this waiter. Called at most once, by cancel.
  virtual void abandon() = 0;

 private:
  std::coroutine_handle<> handle_;
  Status outcome_;
};

}  // namespace async
}  // namespace sluice
