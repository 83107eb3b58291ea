// buffering.h: the buffering middleware: requests and responses are taken in whole before they are passed on, and may
// not be larger than allowed. A request taken in can be sent again while an expression holds.
//
// What does not fit into the memory limits lies in files without a name. Upgraded connections pass. Immutable and
// shared by all workers.
#pragma once

#include <optional>

#include "base/ref.h"
#include "control/middleware_kind.h"
#include "middleware/predicate.h"
#include "proxy/content_store.h"

namespace sluice::middleware {

class Buffering final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::Buffering& settings);
  Buffering(const config::Buffering& settings, std::optional<Predicate> retry)
      : settings_(settings), retry_(std::move(retry)) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  bool again(const http::Request& request, const http::Response& response, int attempt) const;
  Task<Result<http::Response>> take_in(http::Request& request, http::Response response) const;

  config::Buffering settings_;
  std::optional<Predicate> retry_;
};

}  // namespace sluice::middleware
