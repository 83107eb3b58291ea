// grpc_web.h: the grpcWeb middleware: calls of pages in gRPC-Web become calls in gRPC, and their responses the other
// way round. Requests that are neither a call nor its CORS preflight pass. Immutable and shared by all workers.
#pragma once

#include <string>
#include <vector>

#include "control/middleware_kind.h"

namespace sluice::middleware {

class GrpcWeb final : public proxy::Middleware {
 public:
  explicit GrpcWeb(const config::GrpcWeb& settings) : origins_(settings.allow_origins) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  bool allows(std::string_view origin) const;
  Task<Result<http::Response>> preflight(http::Request& request) const;
  Task<Result<http::Response>> call(http::Request& request, const proxy::Handler& next, std::string_view variant) const;

  std::vector<std::string> origins_;
};

}  // namespace sluice::middleware
