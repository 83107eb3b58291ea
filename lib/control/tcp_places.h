// tcp_places.h: the TCP and UDP routers of one entry point, collected during a build. Control thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "route/rule.h"
#include "server/snapshot.h"

namespace sluice::control {

struct PlacedTcp {
  std::shared_ptr<const route::Rule> rule;
  std::int64_t priority = 0;
  std::uint32_t rank = 0;
  std::string name;
  proxy::TcpChain chain;  // of middlewares
  std::shared_ptr<const proxy::TcpHandler> service;
  server::TcpRoute::Tls tls = server::TcpRoute::Tls::none;
  std::shared_ptr<const tls::ServerContext> context;

  friend bool operator==(const PlacedTcp&, const PlacedTcp&) = default;
};

// The UDP router that has an entry point.
struct PlacedUdp {
  std::string router;
  std::shared_ptr<const proxy::UdpService> service;  // null: there is none

  friend bool operator==(const PlacedUdp&, const PlacedUdp&) = default;
};

// Those that take TLS connections, or the others.
server::TcpRoutes tcp_routes(const std::vector<PlacedTcp>& placed, bool tls);

}  // namespace sluice::control
