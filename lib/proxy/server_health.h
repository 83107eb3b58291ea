// server_health.h: whether a server may get requests: what active checks found and what requests met (passive checks);
// and since when, which decides how much of its share a server gets that has just come.
//
// Lives in the registry under its service, its URL and the options of the checks, so an unrelated change of
// configuration marks no server up. Written by the control thread and by any worker, read by every worker with each
// choice: two relaxed loads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>

#include "base/time.h"

namespace sluice::proxy {

// So many failures within `window`, and the server gets no requests for as long.
struct PassiveLimits {
  Duration window = 10s;
  std::uint32_t failures = 1;
};

class ServerHealth {
 public:
  // A server seen first at this time; it counts as well.
  explicit ServerHealth(Time now) : checked_since_(now.ns) {}

  bool up(Time now) const {
    return checked_up_.load(std::memory_order_relaxed) && now.ns >= out_until_.load(std::memory_order_relaxed);
  }
  // When a server that is up began to be.
  Time up_since() const {
    return Time{std::max(checked_since_.load(std::memory_order_relaxed), out_until_.load(std::memory_order_relaxed))};
  }

  // The active check has seen it; a good answer also ends what passive checks have decided. `trouble` says what is
  // wrong, empty when nothing is. Control thread.
  void checked(std::string trouble, Time now);

  // A request to it has ended. True when this failure takes the server out.
  bool answered(bool failed, Time now, const PassiveLimits& limits);

  // For those who ask. Control thread.
  struct State {
    bool up = true;
    Time since;
    std::string trouble;  // empty when it is up
  };
  State state(Time now) const;

 private:
  std::atomic<bool> checked_up_{true};
  std::atomic<std::int64_t> checked_since_;  // Time of the last change, or of the beginning
  std::atomic<std::int64_t> out_since_{0};
  std::atomic<std::int64_t> out_until_{0};  // Time
  std::atomic<std::int64_t> first_failure_{0};
  std::atomic<std::uint32_t> failures_{0};
  std::string trouble_;  // of the control thread
};

}  // namespace sluice::proxy
