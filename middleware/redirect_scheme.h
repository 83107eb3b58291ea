// redirect_scheme.h: the redirectScheme middleware: the same URL on another scheme, and port if one is set.
//
// 301/302 for GET, 308/307 for other methods, so that they keep their method and content. A request that is already
// where it would be sent passes on. Immutable and shared by all workers.
#pragma once

#include <memory>
#include <string>

#include "config/dynamic.h"
#include "control/middleware_kind.h"
#include "proxy/handler.h"

namespace sluice::middleware {

class RedirectScheme final : public proxy::Middleware {
 public:
  explicit RedirectScheme(const config::RedirectScheme& settings);

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  std::string scheme_;
  std::string port_suffix_;  // ":8443", or empty for the scheme's own port
  bool permanent_;
};

}  // namespace sluice::middleware
