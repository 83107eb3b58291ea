#include "server/handshake_gate.h"

#include <vector>

#include "async/scope.h"
#include "async/timer.h"
#include "support/catch.h"

using namespace sluice;
using server::HandshakeGate;

namespace {

Task<void> shake(HandshakeGate& gate, int number, std::vector<int>& begun, Duration longest,
                 std::vector<Code>& refused) {
  Deadline deadline = Loop::current().now() + longest;
  Result<HandshakeGate::Pass> pass = co_await gate.enter(deadline);
  if (!pass) {
    refused.push_back(pass.error().code);
    co_return;
  }
  begun.push_back(number);
  [[maybe_unused]] Status slept = co_await sleep_for(1h);
}

}  // namespace

TEST_CASE("so many handshakes begin in a turn, the others in the turns that follow, in their order") {
  Loop loop{Loop::ClockKind::manual};
  HandshakeGate gate;
  Scope scope;
  std::vector<int> begun;
  std::vector<Code> refused;
  for (int i = 0; i < 2 * HandshakeGate::kPerTurn + 1; ++i) scope.spawn(shake(gate, i, begun, 10s, refused));
  CHECK(begun.size() == HandshakeGate::kPerTurn);
  loop.run_once();
  CHECK(begun.size() == 2 * HandshakeGate::kPerTurn);
  loop.run_once();
  CHECK(begun.size() == 2 * HandshakeGate::kPerTurn + 1);
  for (std::size_t i = 0; i < begun.size(); ++i) CHECK(begun[i] == static_cast<int>(i));
  CHECK(refused.empty());
  scope.cancel(Error::of(Code::cancelled, "the test is over"));
  loop.run_ready();
}

TEST_CASE("beyond a number of open handshakes new ones are refused, until some have ended") {
  Loop loop{Loop::ClockKind::manual};
  HandshakeGate gate;
  std::vector<int> begun;
  std::vector<Code> refused;
  {
    Scope scope;
    for (int i = 0; i < HandshakeGate::kMostOpen + 3; ++i) scope.spawn(shake(gate, i, begun, 10s, refused));
    CHECK(refused == std::vector<Code>(3, Code::exhausted));
    scope.cancel(Error::of(Code::cancelled, "the storm is over"));
    loop.run_ready();
  }
  refused.clear();
  Scope scope;
  scope.spawn(shake(gate, 0, begun, 10s, refused));
  loop.run_ready();
  CHECK(refused.empty());
  scope.cancel(Error::of(Code::cancelled, "the test is over"));
  loop.run_ready();
}
