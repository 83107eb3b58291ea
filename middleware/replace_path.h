// replace_path.h: the replacePath middleware: another path, the query kept. The path asked for goes to X-Replaced-Path.
// Immutable and shared by all workers.
#pragma once

#include <string>

#include "control/middleware_kind.h"

namespace sluice::middleware {

class ReplacePath final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::ReplacePath& settings);
  // `path` is normal (target.h).
  explicit ReplacePath(std::string path);

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  std::string path_;
  std::string match_path_;
};

}  // namespace sluice::middleware
