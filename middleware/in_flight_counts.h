// in_flight_counts.h: how many requests of each source are under way, eight bytes for each that has any.
//
// Lives in the registry, so that a reload counts on. Shared by all workers without a lock: a place of the table holds
// the source (40 bits of its number, besides its place) and its count (24 bits) in one atomic, and a place whose count
// is 0 is free. When two workers put a new source into two places at the same moment, it may for that long have a few
// requests more than its limit.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace sluice::middleware {

class InFlightCounts {
 public:
  InFlightCounts();

  // Counts one more request of the source unless it has `limit` already. Gives its place, which `leave` takes, or
  // nothing when it is at its limit or the table is crowded.
  std::atomic<std::uint64_t>* enter(std::uint64_t source, std::uint64_t limit);
  static void leave(std::atomic<std::uint64_t>& place) { place.fetch_sub(1, std::memory_order_relaxed); }

  static constexpr std::uint64_t kMostRequests = (std::uint64_t{1} << 24) - 1;

 private:
  static constexpr std::size_t kPlaces = std::size_t{1} << 16;
  static constexpr std::size_t kProbes = 64;

  std::unique_ptr<std::atomic<std::uint64_t>[]> places_;
};

}  // namespace sluice::middleware
