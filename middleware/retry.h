// retry.h: the retry middleware: another try for requests that reached no server, and for answers with certain codes.
//
// A request of which nothing was sent may always be repeated; what else may be is up to `status` and the method. The
// content of a request that may be repeated is kept; one that is too large for that goes through once.
//
// Immutable and shared by all workers.
#pragma once

#include "control/middleware_kind.h"
#include "proxy/status_ranges.h"

namespace sluice::middleware {

class Retry final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::Retry& settings);
  Retry(const config::Retry& settings, proxy::StatusRanges status) : settings_(settings), status_(std::move(status)) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  bool by_status(const http::Request& request) const;
  bool again(const Result<http::Response>& response, bool by_status) const;
  Duration pause_before(std::int64_t attempt) const;

  config::Retry settings_;
  proxy::StatusRanges status_;
};

}  // namespace sluice::middleware
