#include "control/explain_connection.h"

#include <fmt/format.h>

#include "control/describe_live.h"
#include "server/tcp_choice.h"

namespace sluice::control {
namespace {

using config::Node;

constexpr int kDeepestService = 8;

// The addresses of a service's servers, of its children too.
void add_servers(Node& list, const Merged& merged, const std::string& name, int depth = 0) {
  auto found = merged.tcp_services.find(name);
  if (found == merged.tcp_services.end() || depth == kDeepestService) return;
  const config::TcpService& service = *found->second.object;
  if (service.load_balancer) {
    for (const config::TcpServer& server : service.load_balancer->servers) list.add(text_node(server.address));
  }
  if (!service.weighted) return;
  for (const config::WeightedService& child : service.weighted->services) {
    add_servers(list, merged, qualify(child.name, found->second.provider), depth + 1);
  }
}

std::string_view what_happens(server::TcpRoute::Tls tls) {
  switch (tls) {
    case server::TcpRoute::Tls::passthrough: return "passed through, TLS and all, to";
    case server::TcpRoute::Tls::terminate: return "decrypted and sent to";
    case server::TcpRoute::Tls::none: break;
  }
  return "sent to";
}

}  // namespace

Node tcp_verdicts(const server::EntryPointRoutes& here, const Connection& connection) {
  const route::Hello hello{connection.sni, connection.client, {}};
  const server::TcpRoutes* routes = here.tcp.get();
  if (connection.tls) routes = here.tls == nullptr ? nullptr : &here.tls->tcp;
  Node considered = Node::list();
  if (routes == nullptr) return considered;
  for (const route::Verdict& verdict : routes->table.explain(hello)) {
    Node one = Node::map();
    one.add("name", text_node(verdict.router));
    one.add("rule", text_node(verdict.rule));
    one.add("priority", number_node(verdict.priority));
    one.add("matches", flag_node(verdict.matched));
    if (!verdict.matched) one.add("failed", text_node(verdict.failed));
    if (!verdict.matched) one.add("offset", number_node(static_cast<std::int64_t>(verdict.offset)));
    considered.add(std::move(one));
  }
  return considered;
}

std::optional<Node> explain_connection(const Merged& merged, const server::EntryPointRoutes& here,
                                       const Connection& connection) {
  const route::Hello hello{connection.sni, connection.client, {}};
  const server::TcpRoute* route = nullptr;
  if (connection.tls && here.tls != nullptr) route = server::tcp_route_of(*here.tls, hello);
  if (!connection.tls && here.tcp != nullptr) route = server::tcp_route_of(*here.tcp, hello);
  if (route == nullptr) return std::nullopt;
  Node node = Node::map();
  node.add("tcpRouters", tcp_verdicts(here, connection));
  node.add("router", text_node(route->router));
  Node servers = Node::list();
  auto found = merged.tcp_routers.find(route->router);
  if (found != merged.tcp_routers.end()) {
    const config::TcpRouter& router = *found->second.object;
    if (!router.source.where.empty()) node.add("source", text_node(config::to_string(router.source)));
    Node middlewares = Node::list();
    for (const std::string& one : router.middlewares) {
      Node middleware = Node::map();
      middleware.add("name", text_node(qualify(one, found->second.provider)));
      middlewares.add(std::move(middleware));
    }
    node.add("middlewares", std::move(middlewares));
    const std::string name = qualify(router.service, found->second.provider);
    add_servers(servers, merged, name);
    Node service = Node::map();
    service.add("name", text_node(name));
    service.add("type", text_node("TCP"));
    node.add("service", std::move(service));
  }
  std::string to;
  for (const config::Node::Entry& server : servers.children()) {
    to += (to.empty() ? "" : servers.children().size() > 2 ? ", " : " or ") + server.node.text();
  }
  const bool closed = route->tls == server::TcpRoute::Tls::terminate && route->context == nullptr;
  node.add("tcpServers", std::move(servers));
  node.add("status", number_node(closed || to.empty() ? 503 : 200));
  node.add("answer", text_node(closed       ? std::string("closed: the TLS options of the router cannot be used")
                               : to.empty() ? std::string("closed: the service has no server")
                                            : fmt::format("{} {}", what_happens(route->tls), to)));
  return node;
}

}  // namespace sluice::control
