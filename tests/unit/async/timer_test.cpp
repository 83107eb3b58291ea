#include "async/timer.h"

#include <random>

#include "async/signal.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;

namespace {

struct Recorder final : async::TimerNode {
  Recorder(async::TimerWheel& wheel_in, Time& now_in) : wheel(wheel_in), now(now_in) {}
  void expired() override {
    fired_at = now;
    ++fired;
  }
  async::TimerWheel& wheel;
  Time& now;
  Time fired_at;
  int fired = 0;
};

}  // namespace

TEST_CASE("timers fire once, never early and at most a tick late, at every distance") {
  std::mt19937_64 random(7);
  Time now{123'456'789};
  async::TimerWheel wheel(now);
  std::vector<std::unique_ptr<Recorder>> timers;
  for (int i = 0; i < 3000; ++i) {
    // Distances from nothing to months, evenly over the orders of magnitude.
    std::int64_t limit = std::int64_t{1} << (20 + i % 34);
    Time due = now + Duration(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit)));
    timers.push_back(std::make_unique<Recorder>(wheel, now));
    wheel.arm(*timers.back(), due);
  }
  int rounds = 0;
  for (Time next = wheel.next_due(); !next.is_never(); next = wheel.next_due()) {
    REQUIRE(++rounds < 200'000);
    now = std::max(now + 1ns, next);
    wheel.advance(now);
  }
  for (const auto& timer : timers) {
    REQUIRE(timer->fired == 1);
    CHECK(timer->fired_at >= timer->due());
    CHECK(timer->fired_at - std::max(timer->due(), Time{123'456'789}) <= 2 * async::TimerWheel::kTick);
  }
}

TEST_CASE("a wheel that jumps far ahead fires everything on the way") {
  Time now{0};
  async::TimerWheel wheel(now);
  Recorder soon(wheel, now);
  Recorder later(wheel, now);
  Recorder gone(wheel, now);
  wheel.arm(soon, Time{5'000'000});
  wheel.arm(later, Time{} + 3h);
  wheel.arm(gone, Time{} + 1h);
  gone.unlink();
  now = Time{} + 4h;
  wheel.advance(now);
  CHECK(soon.fired == 1);
  CHECK(later.fired == 1);
  CHECK(gone.fired == 0);
  CHECK(wheel.next_due().is_never());
}

namespace {

Task<Duration> measure_sleep(Duration duration) {
  Time start = Time::now();
  Status slept = co_await sleep_for(duration);
  if (!slept) co_return Duration(-1);
  co_return Time::now() - start;
}

struct Callback final : Timer {
  void on_timer() override { ++calls; }
  int calls = 0;
};

Task<void> wait_for(Signal& signal, Deadline deadline, std::optional<Status>& outcome) {
  outcome = co_await signal.wait(deadline);
}

}  // namespace

TEST_CASE("a real loop sleeps at least as long as asked") {
  Duration slept = test::run_task(measure_sleep(20ms));
  CHECK(slept >= 20ms);
}

TEST_CASE("a timer calls back once and can be moved and cleared") {
  Loop loop(Loop::ClockKind::manual);
  Callback timer;
  timer.set(10ms);
  timer.set(50ms);
  loop.advance(20ms);
  CHECK(timer.calls == 0);
  loop.advance(40ms);
  CHECK(timer.calls == 1);
  timer.set(10ms);
  timer.clear();
  loop.advance(1s);
  CHECK(timer.calls == 1);
}

TEST_CASE("waiting for a signal ends by the signal, the deadline or the scope") {
  Loop loop(Loop::ClockKind::manual);
  Signal signal;
  Scope scope;
  std::optional<Status> notified;
  std::optional<Status> late;
  std::optional<Status> cancelled;
  scope.spawn(wait_for(signal, kNoDeadline, notified));
  scope.spawn(wait_for(signal, loop.now() + 1s, late));
  scope.spawn(wait_for(signal, kNoDeadline, cancelled));
  signal.notify_one();
  loop.run_ready();
  REQUIRE(notified);
  CHECK(notified->ok());
  loop.advance(2s);
  REQUIRE(late);
  CHECK(late->error().code == Code::timed_out);
  scope.cancel(Error::of(Code::cancelled, "end"));
  loop.run_ready();
  REQUIRE(cancelled);
  CHECK(cancelled->error().code == Code::cancelled);
  CHECK_FALSE(signal.has_waiters());
}
