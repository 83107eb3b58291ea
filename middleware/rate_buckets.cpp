#include "middleware/rate_buckets.h"

#include <algorithm>
#include <limits>

#include "base/result.h"

namespace sluice::middleware {

RateBuckets::RateBuckets(Duration interval, std::int64_t burst)
    : interval_(std::max<std::int64_t>(interval.count(), 1)),
      burst_(burst),
      places_(static_cast<Place*>(std::calloc(kPlaces, sizeof(Place)))) {
  SLUICE_CHECK(places_ != nullptr);
}

RateBuckets::Place& RateBuckets::place_of(std::uint64_t source, Time now) {
  Place* set = places_.get() + (source & (kPlaces / kSet - 1)) * kSet;
  Place* soonest = set;
  std::uint64_t soonest_source = 0;
  std::int64_t soonest_time = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < kSet; ++i) {
    std::uint64_t holder = set[i].source.load(std::memory_order_relaxed);
    if (holder == source) return set[i];
    std::int64_t full_at = set[i].full_at.load(std::memory_order_relaxed);
    if (full_at < soonest_time) {
      soonest = set + i;
      soonest_source = holder;
      soonest_time = full_at;
    }
  }
  // Another worker may be faster with the same place: then two sources share a bucket for a moment.
  if (soonest->source.compare_exchange_strong(soonest_source, source, std::memory_order_relaxed) &&
      soonest_time > now.ns) {
    soonest->full_at.store(now.ns, std::memory_order_relaxed);
  }
  return *soonest;
}

RateBuckets::Verdict RateBuckets::take(std::uint64_t source, Time now, Duration patience) {
  Place& place = place_of(source, now);
  std::int64_t full_at = place.full_at.load(std::memory_order_relaxed);
  for (;;) {
    std::int64_t after = std::max(full_at, now.ns) + interval_;
    std::int64_t wait = std::max<std::int64_t>(after - now.ns - interval_ * burst_, 0);
    if (wait > patience.count()) return {false, Duration(wait)};
    if (place.full_at.compare_exchange_weak(full_at, after, std::memory_order_relaxed)) return {true, Duration(wait)};
  }
}

}  // namespace sluice::middleware
