#include "middleware/in_flight_counts.h"

namespace sluice::middleware {
namespace {

constexpr unsigned kCountBits = 24;
constexpr std::uint64_t kCount = (std::uint64_t{1} << kCountBits) - 1;

}  // namespace

InFlightCounts::InFlightCounts() : places_(std::make_unique<std::atomic<std::uint64_t>[]>(kPlaces)) {}

std::atomic<std::uint64_t>* InFlightCounts::enter(std::uint64_t source, std::uint64_t limit) {
  std::uint64_t tag = source & ~kCount;
  for (;;) {
    std::atomic<std::uint64_t>* free = nullptr;
    std::uint64_t free_value = 0;
    bool raced = false;
    for (std::size_t probe = 0; probe < kProbes && !raced; ++probe) {
      std::atomic<std::uint64_t>& place = places_[(source + probe) & (kPlaces - 1)];
      std::uint64_t value = place.load(std::memory_order_relaxed);
      if ((value & kCount) == 0) {
        if (free == nullptr) {
          free = &place;
          free_value = value;
        }
        continue;
      }
      if ((value & ~kCount) != tag) continue;
      if ((value & kCount) >= limit) return nullptr;
      if (place.compare_exchange_strong(value, value + 1, std::memory_order_relaxed)) return &place;
      raced = true;
    }
    if (raced) continue;
    if (free == nullptr || limit == 0) return nullptr;
    if (free->compare_exchange_strong(free_value, tag | 1, std::memory_order_relaxed)) return free;
  }
}

}  // namespace sluice::middleware
