#include "acme/ledger.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace sluice::acme {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kWeek = 7 * kDay;
constexpr std::array<std::int64_t, 10> kPauses = {1 * kMinute, 2 * kMinute, 5 * kMinute, 10 * kMinute, 30 * kMinute,
                                                  1 * kHour,   3 * kHour,   6 * kHour,   12 * kHour,   24 * kHour};
constexpr std::int64_t kPermanentPause = 12 * kHour;
constexpr std::size_t kMostRefusals = 4;  // an hour; Let's Encrypt allows 5
constexpr std::size_t kMostIdentical = 3;
// Of a certificate of six days this is two hours: its renewal is never more than that away.
constexpr std::int64_t kPartOfLife = 72;

}  // namespace

void note_failure(LedgerEntry& entry, const Failure& failure, std::int64_t now, std::int64_t life_left,
                  std::int64_t life, double dice) {
  if (entry.failures == 0) entry.first_failure = now;
  ++entry.failures;
  entry.last_attempt = now;
  entry.problem = failure.text();
  entry.document = failure.document;
  entry.permanent = failure.kind == Failure::Kind::permanent;

  const std::size_t step = std::min<std::size_t>(static_cast<std::size_t>(entry.failures) - 1, kPauses.size() - 1);
  std::int64_t pause = kPauses[step];
  if (entry.permanent) pause = std::max(pause, kPermanentPause);
  if (life > 0) {
    // Near its end every attempt counts: at most a tenth of what is left, and not less than a minute.
    std::int64_t most = std::max(life / kPartOfLife, kMinute);
    if (life_left < life / 10) most = std::max(std::min(most, life_left / 10), kMinute);
    if (!entry.permanent) pause = std::min(pause, most);
  }
  pause += static_cast<std::int64_t>(std::llround(static_cast<double>(pause) * 0.2 * dice));
  entry.next_attempt = now + pause;

  std::erase_if(entry.refusals, [&](std::int64_t at) { return at <= now - kHour; });
  if (failure.kind == Failure::Kind::refused) entry.refusals.push_back(now);
  if (entry.refusals.size() >= kMostRefusals) {
    entry.next_attempt =
        std::max(entry.next_attempt, entry.refusals[entry.refusals.size() - kMostRefusals] + kHour + kMinute);
  }
  // What the CA says goes before all else; the first time it also says when we need not wait longer.
  const std::int64_t wished = std::chrono::ceil<std::chrono::seconds>(failure.retry_after).count();
  const bool first_limit = failure.kind == Failure::Kind::limited && wished > 0 && entry.failures == 1;
  entry.next_attempt = first_limit ? now + wished : std::max(entry.next_attempt, now + wished);
}

std::int64_t Budget::wait(std::int64_t now) {
  std::erase_if(spent_, [&](std::int64_t at) { return at <= now - kLongSeconds || at > now; });
  std::int64_t until = now;
  if (spent_.size() >= kLongOrders) until = std::max(until, spent_[spent_.size() - kLongOrders] + kLongSeconds);
  if (spent_.size() >= kShortOrders) until = std::max(until, spent_[spent_.size() - kShortOrders] + kShortSeconds);
  return until - now;
}

bool within_weekly_limit(const std::vector<std::int64_t>& issued, std::int64_t now) {
  const auto recent = std::count_if(issued.begin(), issued.end(), [&](std::int64_t at) { return at > now - kWeek; });
  return static_cast<std::size_t>(recent) < kMostIdentical;
}

}  // namespace sluice::acme
