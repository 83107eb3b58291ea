// tcp_ip_allow_list.h: the TCP middleware ipAllowList, and ipWhiteList, its old name: connections of other clients are
// closed. The address is that of the connection, after PROXY protocol. Immutable and shared by all workers.
#pragma once

#include "control/middleware_kind.h"

namespace sluice::middleware {

class TcpIpAllowList final : public proxy::TcpMiddleware {
 public:
  static control::MadeTcpMiddleware make(const config::TcpIpAllowList& settings);
  explicit TcpIpAllowList(CidrSet allowed) : allowed_(std::move(allowed)) {}

  // Not a coroutine of its own.
  Task<void> run(net::Stream& client, LentBytes& first, const proxy::TcpPeer& peer,
                 const proxy::TcpHandler& next) const override;

  static const control::TcpMiddlewareKind kKind;
  static const control::TcpMiddlewareKind kOldKind;

 private:
  CidrSet allowed_;
};

}  // namespace sluice::middleware
