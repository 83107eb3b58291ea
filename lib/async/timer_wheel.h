// timer_wheel.h: many timers at O(1) each. One wheel per loop.
//
// Five levels of 64 slots; a tick is 4 ms, so the levels span 256 ms, 16 s, 17 min, 18 h and 49 days. A timer never
// fires early and at most one tick late. Moving a deadline further away costs nothing if its owner lets the timer fire
// and re-arms it then (see Readiness): no timer call per request.
#pragma once

#include <array>
#include <cstdint>

#include "base/list.h"
#include "base/time.h"

namespace sluice::async {

struct TimerTag;

// Lives in its owner; leaves the wheel when destroyed.
class TimerNode : public ListNode<TimerTag> {
 public:
  Time due() const { return due_; }

 protected:
  ~TimerNode() = default;
  // Called from the loop once the time has come; the node is no longer armed. Must not run coroutines or destroy
  // anything: it wakes waiters.
  virtual void expired() = 0;

 private:
  friend class TimerWheel;
  Time due_ = Time::never();
};

class TimerWheel {
 public:
  static constexpr Duration kTick = 4ms;

  explicit TimerWheel(Time start) : tick_(start.ns / kTick.count()) {}

  // Arms or moves `node`. `due` in the past fires at the next `advance`.
  void arm(TimerNode& node, Time due);
  // Fires everything due at or before `now`, in order of ticks.
  void advance(Time now);
  // A time not later than the first timer is due; never() when there is none. May be early: `advance` then cascades.
  Time next_due();

 private:
  static constexpr int kLevels = 5;
  static constexpr int kBits = 6;
  static constexpr int kSlots = 1 << kBits;

  void place(TimerNode& node, std::int64_t tick);
  void cascade(int level);

  std::int64_t tick_;  // the last tick that was processed
  std::array<std::array<List<TimerNode, TimerTag>, kSlots>, kLevels> slots_;
  std::array<std::uint64_t, kLevels> occupied_{};  // a set bit may be stale: nodes leave without telling
};

}  // namespace sluice::async
