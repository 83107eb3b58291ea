// breaker.h: one circuit breaker: the state it is in, and when it changes.
//
//   standby     every request passes; when the expression holds, it trips
//   tripped     no request passes, for the fallback duration
//   recovering  a share of the requests passes that grows from none to all over the recovery duration; when the
//               expression holds it trips again
//
// Shared by all workers. Standing by costs a request one load and a few counters; changes take a lock.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "middleware/predicate.h"
#include "middleware/rolling_statistics.h"

namespace sluice::middleware {

struct BreakerSettings {
  Predicate condition;
  Duration check_period = 100ms;
  Duration fallback = 10s;
  Duration recovery = 10s;

  // Nothing when the expression cannot be read.
  static std::optional<Predicate> parse(std::string_view expression, std::string& error);
};

class Breaker {
 public:
  Breaker(const BreakerSettings& settings, std::string name) : settings_(settings), name_(std::move(name)) {}

  // Whether a request may pass.
  bool admits(Time now);
  // A request that passed was answered.
  void record(Time now, std::uint16_t status, bool network_error, Duration latency);

 private:
  enum class State : int { standby, tripped, recovering };

  void change(State from, State to, Time now, Duration lasts);

  const BreakerSettings& settings_;
  std::string name_;  // for the log
  RollingStatistics statistics_;
  std::atomic<State> state_{State::standby};
  std::atomic<std::int64_t> since_{0};
  std::atomic<std::int64_t> until_{0};
  std::atomic<std::int64_t> next_check_{0};
  std::atomic<std::uint32_t> passed_{0};  // while recovering
  std::atomic<std::uint32_t> refused_{0};
  std::mutex changing_;
};

// The breakers of one middleware, one for each router, as in Traefik. In the registry.
class Breakers {
 public:
  Breakers(BreakerSettings settings, unsigned workers) : settings_(std::move(settings)), seen_(workers) {}

  // `worker` is the one that asks. Locks only for the first request of a router on a worker.
  Breaker& of(std::string_view router, unsigned worker);

 private:
  using Map = std::unordered_map<std::string, std::shared_ptr<Breaker>, TextHash, std::equal_to<>>;

  BreakerSettings settings_;
  std::vector<Map> seen_;  // by worker
  std::mutex making_;
  Map all_;
};

}  // namespace sluice::middleware
