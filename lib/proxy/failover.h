// failover.h: the failover service: one service answers, and another one when the first is down, or fails.
//
// Down is what health checks say. With `errors` the answer of the first is looked at too: its content has been kept,
// and the fallback gets the request as it was. Immutable, as every handler.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/handler.h"
#include "proxy/status_ranges.h"

namespace sluice::proxy {

class Failover final : public Handler {
 public:
  struct Errors {
    StatusRanges status;
    std::int64_t max_request_body_bytes = -1;  // more is answered 413; -1: no limit
  };

  Failover(std::shared_ptr<const Handler> service, std::shared_ptr<const Handler> fallback,
           std::optional<Errors> errors)
      : service_(std::move(service)), fallback_(std::move(fallback)), errors_(std::move(errors)) {}

  // Code::unavailable when both are down.
  Task<Result<http::Response>> handle(http::Request& request) const override;
  bool ready() const override { return service_->ready() || fallback_->ready(); }

 private:
  Task<Result<http::Response>> try_both(http::Request& request) const;
  bool failed(const Result<http::Response>& response) const;

  std::shared_ptr<const Handler> service_;
  std::shared_ptr<const Handler> fallback_;
  std::optional<Errors> errors_;
};

}  // namespace sluice::proxy
