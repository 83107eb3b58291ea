#include "server/handshake_gate.h"

#include <sys/eventfd.h>
#include <unistd.h>

namespace sluice::server {

HandshakeGate::~HandshakeGate() {
  FdWatch::stop();
  if (always_ready_ >= 0) close(always_ready_);
}

Task<Result<HandshakeGate::Pass>> HandshakeGate::enter(Deadline deadline) {
  if (open_ >= kMostOpen) co_return Error::of(Code::exhausted, "too many TLS handshakes are under way", Origin::client);
  ++open_;
  Pass pass(this);
  Time now = Loop::current().now();
  if (now != turn_began_) begun_ = 0;
  turn_began_ = now;
  if (begun_ < kPerTurn && !turn_.has_waiters()) {
    ++begun_;
    co_return std::move(pass);
  }
  if (!ask_for_a_turn()) co_return std::move(pass);  // without descriptors nobody is held up
  Status turn = co_await turn_.wait(deadline);       // whoever wakes us has counted us
  if (!turn) co_return turn.error();
  co_return std::move(pass);
}

bool HandshakeGate::ask_for_a_turn() {
  if (FdWatch::fd() >= 0) return true;
  if (always_ready_ < 0) always_ready_ = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  if (always_ready_ < 0) return false;
  Status watched = FdWatch::start(always_ready_, true, false);
  return watched.ok();
}

void HandshakeGate::on_ready(bool, bool) {
  turn_began_ = Loop::current().now();
  begun_ = 0;
  while (begun_ < kPerTurn && turn_.has_waiters()) {
    ++begun_;
    turn_.notify_one();
  }
  if (!turn_.has_waiters()) FdWatch::stop();
}

}  // namespace sluice::server
