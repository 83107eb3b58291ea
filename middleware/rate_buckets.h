// rate_buckets.h: token buckets for many sources, 16 bytes each.
//
// A bucket is one time: the moment at which it would be full again (the generic cell rate algorithm, ITU-T I.371, which
// admits exactly what a token bucket of that rate and size admits). A bucket whose time has passed is full, and the
// same as none: so it needs no clean-up, and its place may go to another source at any time.
//
// Lives in the registry, so that a change of something else in the configuration resets no limit. Shared by all workers
// without a lock: the table is sets of eight places, found by the number of the source, and every place is two atomics.
// When all eight of a set are taken by busy sources, the one that is full soonest gives way, and starts anew.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/time.h"

namespace sluice::middleware {

class RateBuckets {
 public:
  // One request each `interval` in the long run, `burst` at once.
  RateBuckets(Duration interval, std::int64_t burst);

  struct Verdict {
    bool admitted = false;
    Duration wait{0};  // until a token is there: to be waited for when admitted
  };
  // Takes a token of the source, if it is there within `patience`. `source` is not 0.
  Verdict take(std::uint64_t source, Time now, Duration patience);

 private:
  struct Place {
    std::atomic<std::uint64_t> source;  // 0: never used
    std::atomic<std::int64_t> full_at;  // nanoseconds of Time
  };
  static_assert(sizeof(Place) == 16);
  static constexpr std::size_t kSet = 8;
  // 262,144 places: with 100,000 busy sources, 2 in 1,000 sets overflow. 4 MiB, of which the kernel provides a page
  // when it is first touched.
  static constexpr std::size_t kPlaces = std::size_t{1} << 18;

  Place& place_of(std::uint64_t source, Time now);

  std::int64_t interval_;
  std::int64_t burst_;
  struct Free {
    void operator()(Place* places) const { std::free(places); }
  };
  std::unique_ptr<Place[], Free> places_;
};

}  // namespace sluice::middleware
