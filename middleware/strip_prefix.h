// strip_prefix.h: the stripPrefix middleware: takes the first of some prefixes off the path, and tells the upstream in
// X-Forwarded-Prefix. Immutable and shared by all workers.
#pragma once

#include <string>
#include <vector>

#include "control/middleware_kind.h"

namespace sluice::middleware {

class StripPrefix final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::StripPrefix& settings);
  explicit StripPrefix(std::vector<std::string> prefixes) : prefixes_(std::move(prefixes)) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  std::vector<std::string> prefixes_;  // in the form that rules compare with
};

}  // namespace sluice::middleware
