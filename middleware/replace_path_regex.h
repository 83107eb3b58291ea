// replace_path_regex.h: the replacePathRegex middleware: replaces what an expression matches in the escaped path. The
// path asked for goes to X-Replaced-Path. Immutable and shared by all workers.
#pragma once

#include <memory>

#include "control/middleware_kind.h"
#include "middleware/regexp.h"

namespace sluice::middleware {

class ReplacePathRegex final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::ReplacePathRegex& settings);
  ReplacePathRegex(std::shared_ptr<const Regexp> regexp, std::string_view replacement)
      : regexp_(std::move(regexp)), replacement_(*regexp_, replacement) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  std::shared_ptr<const Regexp> regexp_;
  Regexp::Replacement replacement_;
};

}  // namespace sluice::middleware
