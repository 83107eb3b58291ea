#include "middleware/circuit_breaker.h"

#include <fmt/format.h>

#include "middleware/answers.h"
#include "proxy/answering.h"
#include "proxy/worker_local.h"

namespace sluice::middleware {
namespace {

// The time to the head of the response counts: how fast a client reads its content says nothing about the server.
Task<Result<http::Response>> watched(http::Request& request, const proxy::Handler& next, Breaker& breaker) {
  Time began = Loop::current().now();
  Result<http::Response> response = co_await next.handle(request);
  Time now = Loop::current().now();
  if (response) {
    bool network_error =
        (response->status == 502 || response->status == 504) && proxy::failure_of(*response) != nullptr;
    breaker.record(now, response->status, network_error, now - began);
  } else if (response.error().origin == Origin::upstream) {
    breaker.record(now, response.error().code == Code::timed_out ? 504 : 502, true, now - began);
  }
  co_return response;
}

}  // namespace

control::MadeMiddleware CircuitBreaker::make(const config::CircuitBreaker& settings, const std::string& name,
                                             unsigned workers, control::Registry& registry) {
  using control::MadeMiddleware;
  if (settings.expression.empty()) {
    return MadeMiddleware::refused("circuitBreaker needs an expression, for example NetworkErrorRatio() > 0.30");
  }
  std::string error;
  std::optional<Predicate> condition = BreakerSettings::parse(settings.expression, error);
  if (!condition) return MadeMiddleware::refused(std::move(error));
  if (settings.check_period <= 0s || settings.fallback_duration <= 0s || settings.recovery_duration <= 0s) {
    return MadeMiddleware::refused("checkPeriod, fallbackDuration and recoveryDuration are above 0");
  }
  if (!is_final_status(settings.response_code)) {
    return MadeMiddleware::refused(
        fmt::format("the responseCode {} is not a status from 200 to 599", settings.response_code));
  }
  std::string key =
      fmt::format("circuitBreaker {} {} {} {} {}", name, settings.expression, settings.check_period.count(),
                  settings.fallback_duration.count(), settings.recovery_duration.count());
  auto breakers = registry.get<Breakers>(key, [&] {
    return std::make_shared<Breakers>(BreakerSettings{std::move(*condition), settings.check_period,
                                                      settings.fallback_duration, settings.recovery_duration},
                                      workers);
  });
  return MadeMiddleware::of(
      std::make_shared<CircuitBreaker>(std::move(breakers), static_cast<std::uint16_t>(settings.response_code)));
}

Task<Result<http::Response>> CircuitBreaker::handle(http::Request& request, const proxy::Handler& next) const {
  Breaker& breaker = breakers_->of(request.router, proxy::WorkerLocal::current().index());
  if (!breaker.admits(Loop::current().now())) return answer(request, status_);
  return watched(request, next, breaker);
}

const control::MiddlewareKind CircuitBreaker::kKind = {
    "circuitBreaker", [](const config::Middleware& settings) { return settings.circuit_breaker.has_value(); },
    [](const control::MiddlewareParts& parts) {
      return make(*parts.settings.circuit_breaker, parts.name, parts.workers, parts.registry);
    }};

}  // namespace sluice::middleware
