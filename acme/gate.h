// gate.h: lets so many tasks of one loop through at a time. Whoever entered leaves again.
#pragma once

#include "async/signal.h"
#include "async/task.h"

namespace sluice::acme {

class Gate {
 public:
  explicit Gate(int places) : places_(places) {}

  // ok inside, or what the scope was cancelled with.
  Task<Status> enter() {
    while (places_ == 0) {
      Status waited = co_await left_.wait();
      if (!waited) co_return waited;
    }
    --places_;
    co_return Status();
  }
  void leave() {
    ++places_;
    left_.notify_one();
  }

 private:
  int places_;
  Signal left_;
};

}  // namespace sluice::acme
