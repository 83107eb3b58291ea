#include "async/scope.h"

#include <thread>

#include "async/channel.h"
#include "async/mailbox.h"
#include "async/offload.h"
#include "async/timer.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;

namespace {

Task<int> number(int value) { co_return value; }

Task<int> sum_to(int last) {
  int sum = 0;
  for (int i = 1; i <= last; ++i) {
    int value = co_await number(i);
    sum += value;
  }
  co_return sum;
}

Task<Status> sleep_once(Duration duration) {
  Status slept = co_await sleep_for(duration);
  co_return slept;
}

Task<Status> sleep_nested(Duration duration, int depth) {
  if (depth == 0) {
    Status slept = co_await sleep_once(duration);
    co_return slept;
  }
  Status slept = co_await sleep_nested(duration, depth - 1);
  co_return slept;
}

Task<void> note_outcome(Task<Status> task, std::optional<Status>& outcome) { outcome = co_await std::move(task); }

Task<void> join_and_note(Scope& scope, bool& joined) {
  co_await scope.join();
  joined = true;
}

Task<void> cancel_from_inside(Scope& scope, std::optional<Status>& outcome) {
  scope.cancel(Error::of(Code::cancelled, "by the task itself"));
  outcome = co_await sleep_for(1h);
}

}  // namespace

TEST_CASE("a task that never waits runs inline, without stack growth") {
  CHECK(test::run_task(sum_to(60'000)) == 1'800'030'000);
}

TEST_CASE("a result travels up a chain of suspended tasks") {
  Loop loop(Loop::ClockKind::manual);
  Scope scope;
  std::optional<Status> outcome;
  scope.spawn(note_outcome(sleep_nested(1s, 50), outcome));
  loop.run_ready();
  CHECK_FALSE(outcome);
  loop.advance(999ms);
  CHECK_FALSE(outcome);
  loop.advance(10ms);
  REQUIRE(outcome);
  CHECK(outcome->ok());
  CHECK(scope.running() == 0);
}

TEST_CASE("cancelling a scope wakes the waiting leaf with the error") {
  Loop loop(Loop::ClockKind::manual);
  Scope scope;
  std::optional<Status> outcome;
  scope.spawn(note_outcome(sleep_nested(1h, 3), outcome));
  scope.cancel(Error::of(Code::cancelled, "test"));
  CHECK_FALSE(outcome);  // scheduled, never nested
  loop.run_ready();
  REQUIRE(outcome);
  CHECK(outcome->error().text == "test");
  CHECK(scope.running() == 0);
}

TEST_CASE("a scope inside a task is cancelled with the scope around it") {
  Loop loop(Loop::ClockKind::manual);
  Scope outer;
  Scope inner(&outer);
  std::optional<Status> outcome;
  inner.spawn(note_outcome(sleep_once(1h), outcome));
  outer.cancel(Error::of(Code::cancelled, "outer"));
  loop.run_ready();
  REQUIRE(outcome);
  CHECK(outcome->error().text == "outer");
  Scope late(&outer);
  CHECK(late.cancelled());
}

TEST_CASE("what a cancelled task waits for next fails at once") {
  Loop loop(Loop::ClockKind::manual);
  Scope scope;
  std::optional<Status> outcome;
  scope.spawn(cancel_from_inside(scope, outcome));
  REQUIRE(outcome);
  CHECK(outcome->error().code == Code::cancelled);
}

TEST_CASE("in_scope makes a task part of another scope") {
  Loop loop(Loop::ClockKind::manual);
  Scope outer;
  Scope exchange(&outer);
  std::optional<Status> outcome;
  outer.spawn(note_outcome(in_scope(exchange, sleep_once(1h)), outcome));
  exchange.cancel(Error::of(Code::timed_out, "exchange"));
  loop.run_ready();
  REQUIRE(outcome);
  CHECK(outcome->error().code == Code::timed_out);
  CHECK_FALSE(outer.cancelled());
}

TEST_CASE("join returns when the last task has ended") {
  Loop loop(Loop::ClockKind::manual);
  Scope outer;
  Scope scope;
  std::optional<Status> first;
  std::optional<Status> second;
  bool joined = false;
  scope.spawn(note_outcome(sleep_once(1s), first));
  scope.spawn(note_outcome(sleep_once(2s), second));
  outer.spawn(join_and_note(scope, joined));
  loop.advance(1500ms);
  CHECK(first);
  CHECK_FALSE(joined);
  loop.advance(1s);
  CHECK(joined);
}

namespace {

Task<void> collect(Channel<int>& channel, std::vector<int>& into, std::optional<Code>& end) {
  for (;;) {
    Result<int> item = co_await channel.receive();
    if (!item) {
      end = item.error().code;
      co_return;
    }
    into.push_back(*item);
  }
}

}  // namespace

TEST_CASE("a channel gives items in order and then says that it was closed") {
  Loop loop(Loop::ClockKind::manual);
  Scope scope;
  Channel<int> channel;
  std::vector<int> got;
  std::optional<Code> end;
  channel.push(1);
  scope.spawn(collect(channel, got, end));
  channel.push(2);
  channel.push(3);
  channel.close();
  channel.push(4);
  loop.run_ready();
  CHECK(got == std::vector<int>{1, 2, 3});
  CHECK(end == Code::closed);
}

namespace {

Task<int> receive_all(Mailbox<int>& mailbox, int count) {
  int sum = 0;
  while (count > 0) {
    Result<std::vector<int>> mail = co_await mailbox.receive();
    if (!mail) co_return -1;
    for (int item : *mail) sum += item;
    count -= static_cast<int>(mail->size());
  }
  co_return sum;
}

Task<std::thread::id> where_offloaded() {
  std::thread::id id = co_await offload([] { return std::this_thread::get_id(); });
  co_return id;
}

}  // namespace

TEST_CASE("a mailbox takes mail from many threads") {
  Loop loop;
  Mailbox<int> mailbox;
  std::vector<std::thread> senders;
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([&mailbox] {
      for (int i = 1; i <= 1000; ++i) mailbox.post(i);
    });
  }
  CHECK(test::run_on(loop, receive_all(mailbox, 4000)) == 4 * 500'500);
  for (std::thread& sender : senders) sender.join();
}

TEST_CASE("offloaded work runs on another thread and its value comes back") {
  CHECK(test::run_task(where_offloaded()) != std::this_thread::get_id());
}
