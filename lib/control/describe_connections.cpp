#include "control/describe_connections.h"

#include <set>
#include <string>

#include "config/encode.h"
#include "control/describe_live.h"

namespace sluice::control {
namespace {

using config::Node;
using Names = std::set<std::string>;

Names placed_tcp(const server::Snapshot* snapshot) {
  Names names;
  if (snapshot == nullptr) return names;
  for (const auto& here : snapshot->entry_points) {
    for (const server::TcpRoutes* routes :
         {here->tcp.get(), here->tls == nullptr ? nullptr : static_cast<const server::TcpRoutes*>(&here->tls->tcp)}) {
      if (routes == nullptr) continue;
      for (const server::TcpRoute& route : routes->routes) names.insert(route.router);
    }
  }
  return names;
}

Names placed_udp(const server::Snapshot* snapshot) {
  Names names;
  if (snapshot == nullptr) return names;
  for (const auto& here : snapshot->entry_points) {
    if (here->udp != nullptr) names.insert(here->udp->router);
  }
  return names;
}

Node names_of(const std::vector<std::string>& texts) {
  Node list = Node::list();
  for (const std::string& text : texts) list.add(text_node(text));
  return list;
}

void add_owner(Node& to, std::string_view provider, const config::Source& source) {
  to.add("provider", text_node(provider));
  if (!source.where.empty()) to.add("source", text_node(config::to_string(source)));
}

template <class Router>
Node begin_router(const std::string& name, const Owned<Router>& owned, const Names& placed, const Live& live) {
  const Router& router = *owned.object;
  Node one = Node::map();
  one.add("name", text_node(name));
  one.add("status", text_node(placed.contains(name) ? "enabled" : "disabled"));
  one.add("entryPoints", names_of(router.entry_points.empty() ? config::default_entry_points(*live.configuration)
                                                              : router.entry_points));
  one.add("service", text_node(qualify(router.service, owned.provider)));
  return one;
}

template <class Services>
Node services(const Services& all) {
  Node list = Node::list();
  for (const auto& [name, owned] : all) {
    const auto& service = *owned.object;
    Node one = Node::map();
    one.add("name", text_node(name));
    const Node tree = config::encode(service);
    one.add("type", text_node(tree.children().empty() ? std::string() : tree.children().front().key));
    if (service.load_balancer) {
      Node servers = Node::list();
      for (const auto& server : service.load_balancer->servers) {
        Node child = Node::map();
        child.add("address", text_node(server.address));
        servers.add(std::move(child));
      }
      one.add("servers", std::move(servers));
    }
    if (service.weighted) {
      Node children = Node::list();
      for (const config::WeightedService& weighted : service.weighted->services) {
        Node child = Node::map();
        child.add("name", text_node(qualify(weighted.name, owned.provider)));
        child.add("weight", number_node(weighted.weight.value_or(1)));
        children.add(std::move(child));
      }
      one.add("services", std::move(children));
    }
    add_owner(one, owned.provider, service.source);
    list.add(std::move(one));
  }
  return list;
}

Node tcp_routers(const Live& live, const Merged& merged) {
  const Names placed = placed_tcp(live.snapshot.get());
  Node list = Node::list();
  for (const auto& [name, owned] : merged.tcp_routers) {
    const config::TcpRouter& router = *owned.object;
    Node one = begin_router(name, owned, placed, live);
    one.add("rule", text_node(router.rule));
    if (router.priority != 0) one.add("priority", number_node(router.priority));
    std::vector<std::string> middlewares;
    for (const std::string& each : router.middlewares) middlewares.push_back(qualify(each, owned.provider));
    one.add("middlewares", names_of(middlewares));
    one.add("tls", flag_node(router.tls.has_value()));
    one.add("passthrough", flag_node(router.tls && router.tls->passthrough));
    add_owner(one, owned.provider, router.source);
    list.add(std::move(one));
  }
  return list;
}

Node udp_routers(const Live& live, const Merged& merged) {
  const Names placed = placed_udp(live.snapshot.get());
  Node list = Node::list();
  for (const auto& [name, owned] : merged.udp_routers) {
    Node one = begin_router(name, owned, placed, live);
    add_owner(one, owned.provider, owned.object->source);
    list.add(std::move(one));
  }
  return list;
}

}  // namespace

std::optional<Node> describe_connections(const Live& live, const Merged& merged, std::string_view kind) {
  if (kind == "tcprouters") return tcp_routers(live, merged);
  if (kind == "tcpservices") return services(merged.tcp_services);
  if (kind == "udprouters") return udp_routers(live, merged);
  if (kind == "udpservices") return services(merged.udp_services);
  return std::nullopt;
}

}  // namespace sluice::control
