#include "server/handshake_gate.h"

namespace sluice::server {

HandshakeGate& HandshakeGate::of_thread() {
  thread_local HandshakeGate gate;
  return gate;
}

Task<Result<HandshakeGate::Pass>> HandshakeGate::enter(Deadline deadline) {
  if (open_ >= kMostOpen) co_return Error::of(Code::exhausted, "too many TLS handshakes are under way", Origin::client);
  ++open_;
  Pass pass(this);
  if (!is_set()) begun_ = 0;
  if (begun_ >= kPerTurn || turn_.has_waiters()) {
    Status turn = co_await turn_.wait(deadline);  // counted by who wakes us
    if (!turn) co_return turn.error();
  } else {
    ++begun_;
  }
  // A timer that is due at once fires in the next turn.
  if (!is_set()) Timer::set(0s);
  co_return std::move(pass);
}

void HandshakeGate::on_timer() {
  begun_ = 0;
  while (begun_ < kPerTurn && turn_.has_waiters()) {
    ++begun_;
    turn_.notify_one();
  }
  if (begun_ > 0) Timer::set(0s);
}

}  // namespace sluice::server
