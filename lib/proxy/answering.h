// answering.h: turns the error of a service into the response a client sees, and writes its log line.
//
// Stands between a router's middlewares and its service, so that middlewares (errors, retry, circuitBreaker) see the
// status as they do in Traefik.
#pragma once

#include <cstdint>
#include <memory>

#include "proxy/handler.h"

namespace sluice::proxy {

class Answering final : public Handler {
 public:
  explicit Answering(std::shared_ptr<const Handler> service) : service_(std::move(service)) {}

  // Errors with Origin::client and cancellations pass: there is nobody to answer, or the server side does.
  Task<Result<http::Response>> handle(http::Request& request) const override;
  bool ready() const override { return service_->ready(); }

 private:
  std::shared_ptr<const Handler> service_;
};

// 504 for an upstream that timed out, 502 for other upstream failures, 503 when no server is ready, 500 for the rest.
std::uint16_t status_of(const Error& error);
// That status as a response; 503 with Retry-After.
http::Response error_response(http::Request& request, const Error& error);

// The error that such a response was made of; null for any other. Who wraps response bodies leaves these as they are.
const Error* failure_of(const http::Response& response);

}  // namespace sluice::proxy
