// strip_prefix_regex.h: the stripPrefixRegex middleware: takes what an expression matches at the start off the path,
// and tells the upstream in X-Forwarded-Prefix. Immutable and shared by all workers.
#pragma once

#include <memory>
#include <vector>

#include "control/middleware_kind.h"
#include "middleware/regexp.h"

namespace sluice::middleware {

class StripPrefixRegex final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::StripPrefixRegex& settings);
  explicit StripPrefixRegex(std::vector<std::shared_ptr<const Regexp>> expressions)
      : expressions_(std::move(expressions)) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  std::vector<std::shared_ptr<const Regexp>> expressions_;
};

}  // namespace sluice::middleware
