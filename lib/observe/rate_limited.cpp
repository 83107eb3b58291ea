#include "observe/rate_limited.h"

#include "base/text.h"

namespace sluice::log {

RateLimited::Slot& RateLimited::slot_of(std::uint64_t key, std::int64_t now) {
  for (std::size_t i = 0; i < kProbes; ++i) {
    Slot& slot = slots_[(key + i) % kSlots];
    std::uint64_t held = slot.key.load(std::memory_order_relaxed);
    if (held == key) return slot;
    // A key gives its slot away when it has been silent for an interval and has nothing left to report, or for long.
    const std::int64_t silent = now - slot.next.load(std::memory_order_relaxed);
    const bool free = held == 0 || silent > 60 * interval_.count() ||
                      (silent >= 0 && slot.suppressed.load(std::memory_order_relaxed) == 0);
    if (free && slot.key.compare_exchange_strong(held, key, std::memory_order_relaxed)) {
      slot.next.store(0, std::memory_order_relaxed);
      slot.suppressed.store(0, std::memory_order_relaxed);
      return slot;
    }
    if (held == key) return slot;
  }
  return slots_[key % kSlots];
}

std::optional<RateLimited::Pass> RateLimited::admit(std::string_view key, Time now) {
  const std::uint64_t hash = TextHash{}(key);
  Slot& slot = slot_of(hash == 0 ? 1 : hash, now.ns);
  std::int64_t next = slot.next.load(std::memory_order_relaxed);
  if (now.ns >= next && slot.next.compare_exchange_strong(next, (now + interval_).ns, std::memory_order_relaxed)) {
    return Pass{slot.suppressed.exchange(0, std::memory_order_relaxed)};
  }
  slot.suppressed.fetch_add(1, std::memory_order_relaxed);
  return std::nullopt;
}

}  // namespace sluice::log
