// rate_limited.h: lets the first event of a kind through at once, then at most one per interval, and counts the rest.
//
//   if (auto pass = unreachable.admit(service_name, now)) {
//     log::error("no server answers", {{log::field::kService, service_name}, {log::field::kSuppressed,
//     pass->suppressed}});
//   }
//
// One object for all threads, without locks: a table of fixed size in which a key's slot is claimed by its hash. When
// more kinds are active than fit, two may share a slot; then one holds back the other for an interval.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace sluice::log {

class RateLimited {
 public:
  struct Pass {
    std::uint64_t suppressed = 0;  // events of this key held back since the last pass
  };

  explicit RateLimited(Duration interval = 1s) : interval_(interval) {}
  RateLimited(const RateLimited&) = delete;
  RateLimited& operator=(const RateLimited&) = delete;

  // Nothing when the event of this key is to be held back.
  std::optional<Pass> admit(std::string_view key, Time now);

 private:
  struct Slot {
    std::atomic<std::uint64_t> key{0};  // its hash; 0: free
    std::atomic<std::int64_t> next{0};  // when the next event may pass
    std::atomic<std::uint64_t> suppressed{0};
  };
  static constexpr std::size_t kSlots = 1024;
  static constexpr std::size_t kProbes = 8;

  Slot& slot_of(std::uint64_t key, std::int64_t now);

  Duration interval_;
  std::array<Slot, kSlots> slots_;
};

}  // namespace sluice::log
