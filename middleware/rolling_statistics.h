// rolling_statistics.h: what the responses of the last ten seconds were like: their codes, failures and latencies.
//
// Shared by all workers without a lock; a second in which one begins to count anew may lose a few of another's counts.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/time.h"

namespace sluice::middleware {

class RollingStatistics {
 public:
  RollingStatistics() : seconds_(std::make_unique<std::array<Second, kSeconds>>()) {}

  // `network_error`: the status is ours, because the server could not be asked or did not answer.
  void record(Time now, std::uint16_t status, bool network_error, Duration latency);
  void clear();

  std::uint64_t requests(Time now) const;
  std::uint64_t network_errors(Time now) const;
  // With status in [from, to).
  std::uint64_t responses(Time now, double from, double to) const;
  // The latency in milliseconds that `quantile` per cent of the requests stayed within; 3 % off at most.
  double latency_ms(Time now, double quantile) const;

 private:
  static constexpr std::size_t kSeconds = 10;
  static constexpr std::size_t kCodes = 500;  // 100 to 599
  // 32 steps for each doubling of microseconds, up to an hour.
  static constexpr unsigned kStepBits = 5;
  static constexpr std::size_t kLatencies = (32 - kStepBits + 1) << kStepBits;

  struct Second {
    std::atomic<std::int64_t> number{-1};  // which second of the clock it counts
    std::atomic<std::uint32_t> requests{0};
    std::atomic<std::uint32_t> network_errors{0};
    std::array<std::atomic<std::uint32_t>, kCodes> codes{};
    std::array<std::atomic<std::uint32_t>, kLatencies> latencies{};
    void clear();
  };

  static std::size_t step_of(Duration latency);
  static double ms_of(std::size_t step);
  template <class Visit>
  void for_each_recent(Time now, Visit visit) const;

  std::unique_ptr<std::array<Second, kSeconds>> seconds_;
};

}  // namespace sluice::middleware
