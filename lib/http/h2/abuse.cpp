#include "http/h2/abuse.h"

#include <algorithm>

namespace sluice::http::h2 {
namespace {

struct Limit {
  std::string_view name;
  std::uint32_t burst;
  std::uint32_t per_second;
};

// In the order of Abuse. Rates of honest clients are far below: a browser resets a few dozen streams when a page is
// left, gRPC pings once in seconds and opens a window about once per 32 KiB.
constexpr Limit kLimits[] = {
    {"rapid_reset", 200, 33},
    {"provoked_resets", 200, 20},
    {"settings_flood", 20, 10},
    {"ping_flood", 100, 10},
    {"empty_frames", 100, 10},
    {"priority_flood", 1000, 100},
    {"window_update_flood", 1000, 1000},
    {"header_block", 0, 0},
    {"unanswered", 0, 0},
};
static_assert(std::size(kLimits) == static_cast<std::size_t>(Abuse::count));

constexpr std::uint32_t kUpdatesPerData = 10;

}  // namespace

std::string_view name_of(Abuse abuse) { return kLimits[static_cast<std::size_t>(abuse)].name; }

bool AbuseGuard::allow(Abuse abuse, Time now) {
  const Limit& limit = kLimits[static_cast<std::size_t>(abuse)];
  Bucket& bucket = buckets_[static_cast<std::size_t>(abuse)];
  if (bucket.spent == 0) bucket.since = now;
  std::int64_t back = std::max<std::int64_t>(0, (now - bucket.since).count()) / 1'000'000 * limit.per_second / 1000;
  if (back > 0) {
    bucket.spent -= static_cast<std::uint32_t>(std::min<std::int64_t>(back, bucket.spent));
    bucket.since = now;
  }
  if (bucket.spent >= limit.burst) return false;
  ++bucket.spent;
  return true;
}

bool AbuseGuard::strained(Abuse abuse) const {
  auto index = static_cast<std::size_t>(abuse);
  return std::uint64_t{buckets_[index].spent} * 4 >= std::uint64_t{kLimits[index].burst} * 3;
}

void AbuseGuard::sent_data() {
  Bucket& bucket = buckets_[static_cast<std::size_t>(Abuse::window_updates)];
  bucket.spent -= std::min(bucket.spent, kUpdatesPerData);
}

}  // namespace sluice::http::h2
