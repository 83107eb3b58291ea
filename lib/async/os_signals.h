// os_signals.h: SIGTERM and its kind as something a task waits for. One per process, on the control loop.
#pragma once

#include <initializer_list>
#include <memory>
#include <vector>

#include "async/channel.h"

namespace sluice {

class OsSignals {
 public:
  // From now on the given signals no longer have their default effect.
  explicit OsSignals(std::initializer_list<int> numbers);
  OsSignals(const OsSignals&) = delete;
  OsSignals& operator=(const OsSignals&) = delete;
  ~OsSignals();

  // The number of the next signal, or what the scope was cancelled with.
  Task<Result<int>> next() { return arrived_.receive(); }

 private:
  struct Handle;
  std::vector<Handle*> handles_;  // freed by libuv's close callback
  Channel<int> arrived_;
};

}  // namespace sluice
