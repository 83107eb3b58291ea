#include "middleware/breaker.h"

#include <array>

#include "observe/log.h"

namespace sluice::middleware {
namespace {

enum : std::size_t { kNetworkErrorRatio, kResponseCodeRatio, kLatencyAtQuantile, kRequestThreshold };

constexpr std::array<Predicate::Function, 4> kBreakerVocabulary = {{
    {"NetworkErrorRatio", 0, Predicate::Type::number},
    {"ResponseCodeRatio", 4, Predicate::Type::number},
    {"LatencyAtQuantileMS", 1, Predicate::Type::number},
    {"RequestThreshold", 1, Predicate::Type::truth},
}};

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

class StatisticsFacts final : public Predicate::Facts {
 public:
  StatisticsFacts(const RollingStatistics& statistics, Time now) : statistics_(statistics), now_(now) {}

  Predicate::Value value(std::size_t function, std::span<const double> arguments) const override {
    Predicate::Value value;
    switch (function) {
      case kNetworkErrorRatio:
        value.number = ratio(statistics_.network_errors(now_), statistics_.requests(now_));
        break;
      case kResponseCodeRatio:
        value.number = ratio(statistics_.responses(now_, arguments[0], arguments[1]),
                             statistics_.responses(now_, arguments[2], arguments[3]));
        break;
      case kLatencyAtQuantile: value.number = statistics_.latency_ms(now_, arguments[0]); break;
      default: value.truth = static_cast<double>(statistics_.requests(now_)) >= arguments[0]; break;
    }
    return value;
  }

 private:
  const RollingStatistics& statistics_;
  Time now_;
};

}  // namespace

std::optional<Predicate> BreakerSettings::parse(std::string_view expression, std::string& error) {
  return Predicate::parse(expression, kBreakerVocabulary, error);
}

bool Breaker::admits(Time now) {
  switch (state_.load(std::memory_order_acquire)) {
    case State::standby: return true;
    case State::tripped:
      if (now.ns < until_.load(std::memory_order_relaxed)) return false;
      change(State::tripped, State::recovering, now, settings_.recovery);
      break;
    case State::recovering: break;
  }
  if (now.ns >= until_.load(std::memory_order_relaxed)) {
    change(State::recovering, State::standby, now, 0s);
    return true;
  }
  double target = static_cast<double>(now.ns - since_.load(std::memory_order_relaxed)) /
                  static_cast<double>(settings_.recovery.count());
  std::uint64_t passed = passed_.load(std::memory_order_relaxed);
  std::uint64_t refused = refused_.load(std::memory_order_relaxed);
  bool passes = ratio(passed + 1, passed + 1 + refused) < target;
  (passes ? passed_ : refused_).fetch_add(1, std::memory_order_relaxed);
  return passes;
}

void Breaker::record(Time now, std::uint16_t status, bool network_error, Duration latency) {
  statistics_.record(now, status, network_error, latency);
  std::int64_t due = next_check_.load(std::memory_order_relaxed);
  if (now.ns < due) return;
  // One of the workers looks; the others go on.
  if (!next_check_.compare_exchange_strong(due, now.ns + settings_.check_period.count(), std::memory_order_relaxed)) {
    return;
  }
  State state = state_.load(std::memory_order_acquire);
  if (state == State::tripped || !settings_.condition.holds(StatisticsFacts(statistics_, now))) return;
  change(state, State::tripped, now, settings_.fallback);
}

void Breaker::change(State from, State to, Time now, Duration lasts) {
  std::lock_guard<std::mutex> lock(changing_);
  if (state_.load(std::memory_order_relaxed) != from) return;  // another worker was faster
  since_.store(now.ns, std::memory_order_relaxed);
  until_.store((now + lasts).ns, std::memory_order_relaxed);
  passed_.store(0, std::memory_order_relaxed);
  refused_.store(0, std::memory_order_relaxed);
  if (to == State::tripped) statistics_.clear();
  state_.store(to, std::memory_order_release);
  if (to == State::tripped) {
    log::warn("the circuit breaker has tripped", {{log::field::kRouter, name_}, {"for", lasts}});
  } else {
    log::info(to == State::standby ? "the circuit breaker stands by again" : "the circuit breaker recovers",
              {{log::field::kRouter, name_}});
  }
}

Breaker& Breakers::of(std::string_view router, unsigned worker) {
  Map& seen = seen_[worker];
  if (auto found = seen.find(router); found != seen.end()) return *found->second;
  std::lock_guard<std::mutex> lock(making_);
  std::shared_ptr<Breaker>& breaker = all_[std::string(router)];
  if (breaker == nullptr) breaker = std::make_shared<Breaker>(settings_, std::string(router));
  seen.emplace(router, breaker);
  return *breaker;
}

}  // namespace sluice::middleware
