// add_prefix.h: the addPrefix middleware: text in front of the path. Immutable and shared by all workers.
#pragma once

#include <string>

#include "control/middleware_kind.h"

namespace sluice::middleware {

class AddPrefix final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::AddPrefix& settings);
  explicit AddPrefix(std::string prefix) : prefix_(std::move(prefix)) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  std::string prefix_;  // a normal path
};

}  // namespace sluice::middleware
