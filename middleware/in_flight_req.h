// in_flight_req.h: the inFlightReq middleware: a source may have only so many requests under way. A request is under
// way until the last byte of its response was read, or its tunnel has ended.
//
// Immutable and shared by all workers; the counts are in the registry.
#pragma once

#include <memory>
#include <string>

#include "control/middleware_kind.h"
#include "middleware/in_flight_counts.h"
#include "middleware/request_source.h"

namespace sluice::middleware {

class InFlightReq final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::InFlightReq& settings, const std::string& name,
                                      control::Registry& registry);
  InFlightReq(RequestSource source, std::shared_ptr<InFlightCounts> counts, std::uint64_t limit);

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  RequestSource source_;
  std::shared_ptr<InFlightCounts> counts_;
  std::uint64_t limit_;
  std::string refusal_;
};

}  // namespace sluice::middleware
