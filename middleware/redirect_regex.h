// redirect_regex.h: the redirectRegex middleware: a request whose URL matches an expression is sent to the URL that its
// replacement gives. A request that is already there passes on. Immutable and shared by all workers.
#pragma once

#include <memory>

#include "control/middleware_kind.h"
#include "middleware/regexp.h"

namespace sluice::middleware {

class RedirectRegex final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::RedirectRegex& settings);
  RedirectRegex(std::shared_ptr<const Regexp> regexp, std::string_view replacement, bool permanent)
      : regexp_(std::move(regexp)), replacement_(*regexp_, replacement), permanent_(permanent) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  std::shared_ptr<const Regexp> regexp_;
  Regexp::Replacement replacement_;
  bool permanent_;
};

}  // namespace sluice::middleware
