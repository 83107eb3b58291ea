// server_health.h: whether a server may get requests: what active checks found and what requests met (passive checks).
//
// Lives in the registry under its service, its URL and the options of the checks, so an unrelated change of
// configuration marks no server up. Written by the control thread and by any worker, read by every worker with each
// choice: two relaxed loads.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace sluice::proxy {

// So many failures within `window`, and the server gets no requests for as long.
struct PassiveLimits {
  Duration window = 10s;
  std::uint32_t failures = 1;
};

class ServerHealth {
 public:
  bool up(Time now) const {
    return checked_up_.load(std::memory_order_relaxed) && now.ns >= out_until_.load(std::memory_order_relaxed);
  }

  // The active check has seen it; a good answer also ends what passive checks have decided.
  void checked(bool up) {
    checked_up_.store(up, std::memory_order_relaxed);
    if (up) out_until_.store(0, std::memory_order_relaxed);
  }

  // A request to it has ended. True when this failure takes the server out.
  bool answered(bool failed, Time now, const PassiveLimits& limits);

 private:
  std::atomic<bool> checked_up_{true};
  std::atomic<std::int64_t> out_until_{0};  // Time
  std::atomic<std::int64_t> first_failure_{0};
  std::atomic<std::uint32_t> failures_{0};
};

}  // namespace sluice::proxy
