// circuit_breaker.h: the circuitBreaker middleware: while the servers behind it answer badly, most requests are refused
// here. What is badly is an expression over the last seconds.
//
// Immutable and shared by all workers; the breakers are in the registry under the middleware's name and settings.
#pragma once

#include <memory>

#include "control/middleware_kind.h"
#include "middleware/breaker.h"

namespace sluice::middleware {

class CircuitBreaker final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::CircuitBreaker& settings, const std::string& name, unsigned workers,
                                      control::Registry& registry);
  CircuitBreaker(std::shared_ptr<Breakers> breakers, std::uint16_t status)
      : breakers_(std::move(breakers)), status_(status) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  std::shared_ptr<Breakers> breakers_;
  std::uint16_t status_;
};

}  // namespace sluice::middleware
