#include "middleware/rolling_statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::middleware {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

void RollingStatistics::Second::clear() {
  requests.store(0, kRelaxed);
  network_errors.store(0, kRelaxed);
  for (auto& code : codes) code.store(0, kRelaxed);
  for (auto& latency : latencies) latency.store(0, kRelaxed);
}

std::size_t RollingStatistics::step_of(Duration latency) {
  auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(latency / 1us, 0));
  us = std::min<std::uint64_t>(us, 0xffffffff);
  if (us < (1U << kStepBits)) return us;
  auto doubling = static_cast<unsigned>(std::bit_width(us)) - 1 - kStepBits;
  return (static_cast<std::size_t>(doubling) << kStepBits) + (us >> doubling);
}

double RollingStatistics::ms_of(std::size_t step) {
  if (step < (2U << kStepBits)) return static_cast<double>(step) / 1000;
  std::size_t doubling = (step >> kStepBits) - 1;
  std::uint64_t us = static_cast<std::uint64_t>(step - (doubling << kStepBits)) << doubling;
  return static_cast<double>(us) / 1000;
}

void RollingStatistics::record(Time now, std::uint16_t status, bool network_error, Duration latency) {
  std::int64_t number = now.ns / kNsPerSecond;
  Second& second = (*seconds_)[static_cast<std::size_t>(number) % kSeconds];
  std::int64_t counts = second.number.load(kRelaxed);
  if (counts != number && second.number.compare_exchange_strong(counts, number, kRelaxed)) second.clear();
  second.requests.fetch_add(1, kRelaxed);
  if (network_error) second.network_errors.fetch_add(1, kRelaxed);
  if (status >= 100 && status < 600) second.codes[status - 100U].fetch_add(1, kRelaxed);
  second.latencies[step_of(latency)].fetch_add(1, kRelaxed);
}

void RollingStatistics::clear() {
  for (Second& second : *seconds_) {
    second.number.store(-1, kRelaxed);
    second.clear();
  }
}

template <class Visit>
void RollingStatistics::for_each_recent(Time now, Visit visit) const {
  std::int64_t number = now.ns / kNsPerSecond;
  for (const Second& second : *seconds_) {
    std::int64_t age = number - second.number.load(kRelaxed);
    if (age >= 0 && age < static_cast<std::int64_t>(kSeconds)) visit(second);
  }
}

std::uint64_t RollingStatistics::requests(Time now) const {
  std::uint64_t count = 0;
  for_each_recent(now, [&](const Second& second) { count += second.requests.load(kRelaxed); });
  return count;
}

std::uint64_t RollingStatistics::network_errors(Time now) const {
  std::uint64_t count = 0;
  for_each_recent(now, [&](const Second& second) { count += second.network_errors.load(kRelaxed); });
  return count;
}

std::uint64_t RollingStatistics::responses(Time now, double from, double to) const {
  std::uint64_t count = 0;
  for_each_recent(now, [&](const Second& second) {
    for (std::size_t i = 0; i < kCodes; ++i) {
      auto code = static_cast<double>(i + 100);
      if (code >= from && code < to) count += second.codes[i].load(kRelaxed);
    }
  });
  return count;
}

double RollingStatistics::latency_ms(Time now, double quantile) const {
  std::array<std::uint64_t, kLatencies> counts{};
  std::uint64_t total = 0;
  for_each_recent(now, [&](const Second& second) {
    for (std::size_t i = 0; i < kLatencies; ++i) {
      std::uint32_t count = second.latencies[i].load(kRelaxed);
      counts[i] += count;
      total += count;
    }
  });
  if (total == 0) return 0;
  double share = std::clamp(quantile, 0.0, 100.0) / 100;
  auto wanted = std::max<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(static_cast<double>(total) * share)), 1);
  std::uint64_t seen = 0;
  std::size_t step = 0;
  for (; step + 1 < kLatencies; ++step) {
    seen += counts[step];
    if (seen >= wanted) break;
  }
  return ms_of(step);
}

}  // namespace sluice::middleware
