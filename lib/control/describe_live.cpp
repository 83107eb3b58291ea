#include "control/describe_live.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <set>

#include "config/encode.h"
#include "config/problem.h"
#include "control/describe_connections.h"
#include "control/service_builder.h"
#include "server/h2_connection.h"

namespace sluice::control {
namespace {

using config::Node;

constexpr int kDeepest = 8;

// Names a table of the snapshot asks: those that take requests.
std::set<std::string> placed_routers(const Live& live) {
  std::set<std::string> names;
  if (live.snapshot == nullptr) return names;
  for (std::size_t i = 0; i < live.snapshot->entry_points.size(); ++i) {
    const std::string prefix = live.entry_points[i].name + '-';
    const server::EntryPointRoutes& here = *live.snapshot->entry_points[i];
    auto add = [&](const std::vector<server::Route>& routes) {
      for (const server::Route& route : routes) {
        names.insert(route.router);
        if (route.router.starts_with(prefix)) names.insert(route.router.substr(prefix.size()));
      }
    };
    add(here.routes);
    if (here.tls != nullptr) add(here.tls->http.routes);
  }
  return names;
}

Node list_of(const std::vector<std::string>& texts) {
  Node list = Node::list();
  for (const std::string& text : texts) list.add(text_node(text));
  return list;
}

void add_source(Node& to, const config::Source& source) {
  if (!source.where.empty()) to.add("source", text_node(config::to_string(source)));
}

Node routers(const Live& live, const Merged& merged) {
  const std::set<std::string> placed = placed_routers(live);
  Node list = Node::list();
  for (const auto& [name, owned] : merged.routers) {
    const config::HttpRouter& router = *owned.object;
    Node one = Node::map();
    one.add("name", text_node(name));
    one.add("status", text_node(placed.contains(name) ? "enabled" : "disabled"));
    one.add("rule", text_node(router.rule));
    one.add("priority",
            number_node(router.priority != 0 ? router.priority : static_cast<std::int64_t>(router.rule.size())));
    one.add("entryPoints", list_of(router.entry_points.empty() ? config::default_entry_points(*live.configuration)
                                                               : router.entry_points));
    Node middlewares = Node::list();
    for (const std::string& middleware : router.middlewares) {
      middlewares.add(text_node(qualify(middleware, owned.provider)));
    }
    one.add("middlewares", std::move(middlewares));
    one.add("service", text_node(qualify(router.service, owned.provider)));
    one.add("tls", flag_node(router.tls.has_value()));
    one.add("provider", text_node(owned.provider));
    add_source(one, router.source);
    list.add(std::move(one));
  }
  return list;
}

Node services(const Live& live, const Merged& merged) {
  Node list = Node::list();
  for (const auto& [name, owned] : merged.services) {
    Node one = describe_service(live, merged, name);
    one.add("provider", text_node(owned.provider));
    add_source(one, owned.object->source);
    list.add(std::move(one));
  }
  return list;
}

Node middlewares(const Merged& merged) {
  Node list = Node::list();
  for (const auto& [name, owned] : merged.middlewares) {
    Node one = Node::map();
    one.add("name", text_node(name));
    one.add("type", text_node(middleware_type(*owned.object)));
    one.add("settings", config::encode(*owned.object));
    one.add("provider", text_node(owned.provider));
    add_source(one, owned.object->source);
    list.add(std::move(one));
  }
  return list;
}

std::size_t routers_on(const server::EntryPointRoutes& here) {
  std::size_t count = here.routes.size() + (here.udp == nullptr ? 0 : 1);
  if (here.tcp != nullptr) count += here.tcp->routes.size();
  if (here.tls != nullptr) count += here.tls->http.routes.size() + here.tls->tcp.routes.size();
  return count;
}

Node entry_points(const Live& live) {
  Node list = Node::list();
  for (std::size_t i = 0; i < live.entry_points.size(); ++i) {
    Node one = Node::map();
    one.add("name", text_node(live.entry_points[i].name));
    one.add("address", text_node(live.entry_points[i].address.to_string() + (live.entry_points[i].udp ? "/udp" : "")));
    std::size_t count = live.snapshot == nullptr ? 0 : routers_on(*live.snapshot->entry_points[i]);
    one.add("routers", number_node(static_cast<std::int64_t>(count)));
    list.add(std::move(one));
  }
  return list;
}

// Whoever answers for a host may have certificates for it: people want to know who that is.
Node delegations(const Live& live) {
  Node list = Node::list();
  for (std::size_t i = 0; i < live.entry_points.size() && live.snapshot != nullptr; ++i) {
    const server::ChallengeRules* rules = live.snapshot->challenge_rules(i);
    if (rules == nullptr) continue;
    auto add = [&](std::string_view host, std::string_view challenge, std::string_view to) {
      Node one = Node::map();
      one.add("name", text_node(host));
      one.add("entryPoint", text_node(live.entry_points[i].name));
      one.add("challenge", text_node(challenge));
      one.add("answeredBy", text_node(to));
      list.add(std::move(one));
    };
    for (const server::HttpChallengeTarget& target : rules->http.all()) add(target.host, "http-01", target.router);
    for (const server::TcpChallengeTarget& target : rules->tls.all()) add(target.host, "tls-alpn-01", target.router);
    if (rules->passing == nullptr) continue;
    const std::set<std::string> passing(rules->passing->begin(), rules->passing->end());
    for (const std::string& host : passing) add(host, "http-01", "its routers (acme.http01=forward)");
  }
  return list;
}

Node problems(const Live& live) {
  Node list = Node::list();
  for (const config::Problem& problem : live.report) {
    Node one = Node::map();
    one.add("severity", text_node(config::to_string(problem.severity)));
    one.add("code", text_node(problem.code));
    one.add("what", text_node(problem.what));
    one.add("source", text_node(config::to_string(problem.source)));
    one.add("effect", text_node(problem.effect));
    one.add("fix", text_node(problem.fix));
    list.add(std::move(one));
  }
  return list;
}

// "ready", "down" with since when and why, or "left out": it cannot be used at all.
void add_health(Node& server, const Live& live, const std::string& service, const std::string& url, bool used) {
  const proxy::ServerHealth* health = live.services == nullptr ? nullptr : live.services->health_of(service, url);
  if (!used || health == nullptr) {
    server.add("state", text_node(used ? "ready" : "left out"));
    return;
  }
  Time now = Time::now();
  proxy::ServerHealth::State state = health->state(now);
  auto seconds = [](Duration duration) { return std::chrono::duration_cast<std::chrono::seconds>(duration); };
  server.add("state", text_node(state.up ? "ready" : "down"));
  server.add("since", text_node(http_date(std::time(nullptr) - seconds(now - state.since).count())));
  if (!state.trouble.empty()) server.add("reason", text_node(state.trouble));
}

void add_children(Node& to, const Live& live, const Merged& merged, const Owned<config::HttpService>& owned,
                  int depth) {
  const config::HttpService& service = *owned.object;
  Node children = Node::list();
  auto add = [&](const std::string& name) -> Node& {
    children.add(describe_service(live, merged, qualify(name, owned.provider), depth));
    return children.children().back().node;
  };
  auto add_all = [&](const std::vector<config::WeightedService>& services) {
    for (const config::WeightedService& child : services) {
      add(child.name).add("weight", number_node(child.weight.value_or(1)));
    }
  };
  if (service.weighted) add_all(service.weighted->services);
  if (service.highest_random_weight) add_all(service.highest_random_weight->services);
  if (service.failover) {
    add(service.failover->service);
    add(service.failover->fallback).add("role", text_node("fallback"));
  }
  if (service.mirroring) {
    add(service.mirroring->service);
    // Mirrors answer nobody, so they are no part of what takes requests.
    Node mirrors = Node::list();
    for (const config::Mirror& mirror : service.mirroring->mirrors) {
      Node one = describe_service(live, merged, qualify(mirror.name, owned.provider), depth);
      one.add("percent", number_node(mirror.percent));
      mirrors.add(std::move(one));
    }
    to.add("mirrors", std::move(mirrors));
  }
  if (!children.children().empty()) to.add("services", std::move(children));
}

Node provider_stats(const ProviderStats& stats) {
  auto number = [](std::uint64_t value) { return number_node(static_cast<std::int64_t>(value)); };
  Node node = Node::map();
  node.add("events", number(stats.events));
  node.add("ignored", number(stats.ignored));
  node.add("lost", number(stats.lost));
  if (stats.last_event != Time()) {
    node.add("lastEventAgeMs", number_node((Time::now() - stats.last_event) / 1ms));
  }
  node.add("resyncs", number(stats.resyncs));
  node.add("reconnects", number(stats.reconnects));
  Node requests = Node::map();
  for (const auto& [endpoint, count] : stats.requests) requests.add(endpoint, number(count));
  node.add("requests", std::move(requests));
  return node;
}

std::int64_t count(const config::Report& report, config::Severity severity) {
  return std::count_if(report.begin(), report.end(),
                       [&](const config::Problem& problem) { return problem.severity == severity; });
}

// How many connections were ended for what a client of HTTP/2 may not do; only what has happened.
Node misuse() {
  Node counts = Node::map();
  for (std::size_t i = 0; i < static_cast<std::size_t>(http::h2::Abuse::count); ++i) {
    const auto abuse = static_cast<http::h2::Abuse>(i);
    const std::uint64_t ended = server::H2Connection::ended_for(abuse);
    if (ended > 0) counts.add(std::string(name_of(abuse)), number_node(static_cast<std::int64_t>(ended)));
  }
  return counts;
}

// Servers that get no requests because of what checks found.
std::int64_t servers_down(const Live& live, const Merged& merged) {
  if (live.services == nullptr) return 0;
  Time now = Time::now();
  std::int64_t down = 0;
  for (const auto& [name, owned] : merged.services) {
    if (!owned.object->load_balancer) continue;
    for (const config::Server& server : owned.object->load_balancer->servers) {
      const proxy::ServerHealth* health = live.services->health_of(name, server.url);
      if (health != nullptr && !health->up(now)) ++down;
    }
  }
  return down;
}

}  // namespace

Node text_node(std::string_view text) { return Node::scalar(std::string(text)); }
Node flag_node(bool flag) { return Node::scalar(flag ? "true" : "false", config::ScalarKind::boolean); }
Node number_node(std::int64_t number) { return Node::scalar(std::to_string(number), config::ScalarKind::integer); }

std::string middleware_type(const config::Middleware& middleware) {
  const Node tree = config::encode(middleware);
  return tree.children().empty() ? std::string() : tree.children().front().key;
}

Node describe_service(const Live& live, const Merged& merged, const std::string& name, int depth) {
  Node node = Node::map();
  node.add("name", text_node(name));
  auto found = merged.services.find(name);
  if (found == merged.services.end()) {
    node.add("type", text_node(name.ends_with("@internal") ? "internal" : "unknown"));
    return node;
  }
  const config::HttpService& service = *found->second.object;
  const Node tree = config::encode(service);
  node.add("type", text_node(tree.children().empty() ? std::string() : tree.children().front().key));
  if (service.load_balancer) {
    Node servers = Node::list();
    for (const config::Server& server : service.load_balancer->servers) {
      bool used =
          live.snapshot != nullptr && std::any_of(live.snapshot->endpoints.begin(), live.snapshot->endpoints.end(),
                                                  [&](const auto& endpoint) { return endpoint->name() == server.url; });
      Node one = Node::map();
      one.add("url", text_node(server.url));
      add_health(one, live, name, server.url, used);
      if (server.weight) one.add("weight", number_node(*server.weight));
      servers.add(std::move(one));
    }
    node.add("servers", std::move(servers));
  }
  if (depth < kDeepest) add_children(node, live, merged, found->second, depth + 1);
  return node;
}

std::optional<Node> describe_kind(const Live& live, std::string_view kind) {
  const Merged merged = merge(live.fragments);
  if (kind == "routers") return routers(live, merged);
  if (kind == "services") return services(live, merged);
  if (kind == "middlewares") return middlewares(merged);
  if (kind == "entrypoints") return entry_points(live);
  if (kind == "delegations") return delegations(live);
  if (kind == "problems") return problems(live);
  if (kind != "all") return describe_connections(live, merged, kind);
  Node all = Node::map();
  all.add("entrypoints", entry_points(live));
  all.add("routers", routers(live, merged));
  all.add("services", services(live, merged));
  all.add("middlewares", middlewares(merged));
  for (const char* connections : {"tcprouters", "tcpservices", "udprouters", "udpservices"}) {
    if (std::optional<Node> list = describe_connections(live, merged, connections); !list->children().empty()) {
      all.add(connections, *std::move(list));
    }
  }
  all.add("delegations", delegations(live));
  all.add("problems", problems(live));
  return all;
}

Node describe_status(const Live& live) {
  Node node = Node::map();
  node.add("schema", text_node(kSchema));
  const bool ready = live.snapshot != nullptr && live.adopted == live.snapshot->number;
  node.add("state", text_node(live.draining ? "draining" : ready ? "ready" : "starting"));
  node.add("configuration",
           number_node(live.snapshot == nullptr ? 0 : static_cast<std::int64_t>(live.snapshot->number)));
  node.add("entryPoints", entry_points(live));
  Node providers = Node::list();
  for (const auto& fragment : live.fragments) providers.add(text_node(fragment->provider));
  node.add("providers", std::move(providers));
  Node stats = Node::map();
  for (const auto& [name, one] : live.provider_stats) stats.add(std::string(name), provider_stats(*one));
  node.add("providerStats", std::move(stats));
  node.add("buildTimeUs", number_node(live.build_time / 1us));
  const Merged merged = merge(live.fragments);
  node.add("routers", number_node(static_cast<std::int64_t>(live.routers)));
  node.add("services", number_node(static_cast<std::int64_t>(merged.services.size())));
  node.add("middlewares", number_node(static_cast<std::int64_t>(merged.middlewares.size())));
  node.add("tcpRouters", number_node(static_cast<std::int64_t>(merged.tcp_routers.size())));
  node.add("tcpServices", number_node(static_cast<std::int64_t>(merged.tcp_services.size())));
  node.add("udpRouters", number_node(static_cast<std::int64_t>(merged.udp_routers.size())));
  node.add("udpServices", number_node(static_cast<std::int64_t>(merged.udp_services.size())));
  node.add("http2Misuse", misuse());
  node.add("delegations", number_node(static_cast<std::int64_t>(delegations(live).children().size())));
  node.add("serversDown", number_node(servers_down(live, merged)));
  node.add("errors", number_node(count(live.report, config::Severity::error)));
  node.add("warnings", number_node(count(live.report, config::Severity::warning)));
  return node;
}

}  // namespace sluice::control
