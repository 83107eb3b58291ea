#include "control/tcp_places.h"

namespace sluice::control {

server::TcpRoutes tcp_routes(const std::vector<PlacedTcp>& placed, bool tls) {
  std::vector<route::Route> rows;
  std::vector<server::TcpRoute> routes;
  for (const PlacedTcp& one : placed) {
    if ((one.tls != server::TcpRoute::Tls::none) != tls) continue;
    rows.push_back(
        route::Route{one.rule.get(), one.priority, one.name, one.rank, static_cast<std::uint32_t>(rows.size())});
    server::TcpRoute route;
    route.router = one.name;
    route.handler = proxy::tcp_chain(one.chain, one.service);
    route.tls = one.tls;
    route.context = one.context;
    routes.push_back(std::move(route));
  }
  server::TcpRoutes table{route::SniTable(rows)};
  table.routes = std::move(routes);
  return table;
}

}  // namespace sluice::control
