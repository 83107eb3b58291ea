// handshake_gate.h: how many TLS handshakes with clients a worker begins in one turn of its loop, and has open at all.
// A signature takes a fifth of a millisecond: a storm of handshakes would make everybody else wait.
//
// One per worker, on its thread. Those that have to wait go on in the order they came, some in each turn, behind what
// became ready in it.
#pragma once

#include <utility>

#include "async/fd_watch.h"
#include "async/signal.h"
#include "async/task.h"

namespace sluice::server {

class HandshakeGate final : private FdWatch {
 public:
  HandshakeGate() = default;
  ~HandshakeGate();

  // For as long as the handshake lasts.
  class Pass {
   public:
    explicit Pass(HandshakeGate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Pass() {
      if (gate_ != nullptr) --gate_->open_;
    }

   private:
    HandshakeGate* gate_;
  };
  // Errors: exhausted when too many are open, timed_out, or what the scope was cancelled with.
  Task<Result<Pass>> enter(Deadline deadline);

  static constexpr int kPerTurn = 4;
  static constexpr int kMostOpen = 4096;

 private:
  void on_ready(bool readable, bool writable) override;
  bool ask_for_a_turn();

  int always_ready_ = -1;  // a descriptor that is readable in every turn; made when first needed
  Time turn_began_;
  int begun_ = 0;  // in this turn
  int open_ = 0;
  Signal turn_;
};

}  // namespace sluice::server
