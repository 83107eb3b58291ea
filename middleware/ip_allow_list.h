// ip_allow_list.h: the ipAllowList middleware, and ipWhiteList, its old name: only clients with these addresses are let
// in. Immutable and shared by all workers.
#pragma once

#include "control/middleware_kind.h"
#include "middleware/client_address.h"

namespace sluice::middleware {

class IpAllowList final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::IpAllowList& settings);
  IpAllowList(ClientAddress client, CidrSet allowed, std::uint16_t status)
      : client_(std::move(client)), allowed_(std::move(allowed)), status_(status) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;
  static const control::MiddlewareKind kOldKind;

 private:
  ClientAddress client_;
  CidrSet allowed_;
  std::uint16_t status_;
};

}  // namespace sluice::middleware
