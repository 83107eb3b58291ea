#include "control/cross_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "config/encode.h"
#include "config/entry_point_address.h"
#include "config/schema.h"
#include "control/password_hash.h"
#include "control/problems.h"
#include "control/references.h"
#include "route/parser.h"
#include "route/table.h"

namespace sluice::control {
namespace {

using config::Severity;

class CrossChecker {
 public:
  CrossChecker(const config::Static& configuration, bool static_known, const Fragments& fragments,
               config::Report& report)
      : static_(configuration), static_known_(static_known), report_(report), merged_(merge(fragments)) {
    for (const auto& fragment : fragments) {
      if (config::has_errors(fragment->report)) broken_.insert(fragment->provider);
    }
    defaults_ = config::default_entry_points(configuration);
  }

  void check() {
    for (const auto& [name, router] : merged_.routers) http_router(name, router);
    for (const auto& [name, router] : merged_.tcp_routers) tcp_router(name, router);
    for (const auto& [name, entry_point] : static_.entry_points) {
      if (entry_point.http.tls) resolver_of("entry point " + name, *entry_point.http.tls, entry_point.source);
    }
    for (const auto& [name, middleware] : merged_.middlewares) {
      users_of(name, *middleware.object);
      types_of(name, *middleware.object);
    }
    unused();
  }

 private:
  void add(Severity severity, std::string_view code, std::string what, const config::Source& source, std::string effect,
           std::string fix) {
    report_.push_back(problem(code, std::move(what), source, std::move(effect), std::move(fix), severity));
  }

  void http_router(const std::string& name, const Owned<config::HttpRouter>& owned) {
    const config::HttpRouter& router = *owned.object;
    if (router.tls) resolver_of("router " + name, *router.tls, router.source);
    std::string_view syntax = router.rule_syntax.empty() ? static_.core.default_rule_syntax : router.rule_syntax;
    route::ParsedRule parsed = route::parse_rule(router.rule, route::Family::http,
                                                 iequals(syntax, "v2") ? route::Syntax::v2 : route::Syntax::v3);
    if (!parsed.rule) return;  // the build reports it
    hidden("http", name, router, *parsed.rule);
  }

  void tcp_router(const std::string& name, const Owned<config::TcpRouter>& owned) {
    const config::TcpRouter& router = *owned.object;
    if (router.tls) resolver_of("TCP router " + name, *router.tls, router.source);
    std::string_view syntax = router.rule_syntax.empty() ? static_.core.default_rule_syntax : router.rule_syntax;
    route::ParsedRule parsed = route::parse_rule(router.rule, route::Family::tcp,
                                                 iequals(syntax, "v2") ? route::Syntax::v2 : route::Syntax::v3);
    if (!parsed.rule) return;  // the build reports it
    hidden("tcp", name, router, *parsed.rule);
  }

  template <class RouterTls>
  void resolver_of(const std::string& whose, const RouterTls& settings, const config::Source& source) {
    const std::string& resolver = settings.cert_resolver;
    if (static_known_ && !resolver.empty() && !static_.certificates_resolvers.contains(resolver)) {
      std::vector<std::string_view> known;
      for (const auto& [name, unused] : static_.certificates_resolvers) known.push_back(name);
      std::optional<std::string> nearest = config::nearest_name(resolver, known);
      add(Severity::error, code::kUnknownResolver,
          fmt::format("{} wants its certificate from resolver {}, which does not exist", whose, resolver), source,
          "the default certificate is served",
          nearest         ? fmt::format("did you mean {}?", *nearest)
          : known.empty() ? fmt::format("define certificatesResolvers.{} in the static configuration", resolver)
                          : fmt::format("define it, or name {}", known.front()));
    }
  }

  template <class Router>
  void hidden(std::string_view family, const std::string& name, const Router& router, const route::Rule& rule) {
    std::int64_t priority = router.priority != 0 ? router.priority : route::automatic_priority(rule);
    for (const std::string& entry_point : router.entry_points.empty() ? defaults_ : router.entry_points) {
      std::string key = fmt::format("{} {} {} {}", family, entry_point, router.tls.has_value(), route::print(rule));
      auto [found, first] = shown_.try_emplace(key, Shown{name, priority, &router.source});
      if (first) continue;
      Shown& other = found->second;
      // Routers come in the order of their names, which decides between equal priorities.
      bool other_wins = other.priority >= priority;
      const std::string& winner = other_wins ? other.name : name;
      const std::string& loser = other_wins ? name : other.name;
      const config::Source& source = other_wins ? router.source : *other.source;
      add(Severity::warning, code::kHiddenRouter,
          fmt::format("routers {} and {} have the same rule on entry point {}", winner, loser, entry_point), source,
          fmt::format("{} never gets a request: {} {}", loser, winner,
                      other.priority == priority ? "comes first by name" : "has the higher priority"),
          "remove one of the two, or make its rule more specific");
      if (!other_wins) other = Shown{name, priority, &router.source};
      return;
    }
  }

  void users_of(const std::string& name, const config::Middleware& middleware) {
    if (middleware.basic_auth) {
      for (const std::string& user : middleware.basic_auth->users) {
        if (std::string wrong = basic_user_fault(user); !wrong.empty()) bad_user(name, wrong, middleware.source);
      }
    }
    if (middleware.digest_auth) {
      for (const std::string& user : middleware.digest_auth->users) {
        if (std::string wrong = digest_user_fault(user); !wrong.empty()) bad_user(name, wrong, middleware.source);
      }
    }
  }

  // Also when nobody names it, and of types that this version does not serve.
  void types_of(const std::string& name, const config::Middleware& middleware) {
    if (config::encode(middleware).children().size() < 2) return;
    add(Severity::error, code::kMiddleware, fmt::format("middleware {}: it has more than one type", name),
        middleware.source, "its routers take no requests", "make a middleware of each, and name them in this order");
  }

  void bad_user(const std::string& middleware, const std::string& wrong, const config::Source& source) {
    add(Severity::error, code::kPasswordHash, fmt::format("middleware {}: {}", middleware, wrong), source,
        "this user can never log in", "write name:hash as htpasswd prints it; in compose files write $$ for every $");
  }

  void unused() {
    References used(static_, merged_);
    // What was left out may have named it: one mistake is not told twice.
    auto report = [&](const auto& objects, const std::set<std::string>& named, std::string_view code,
                      std::string_view kind, std::string_view fix) {
      for (const auto& [name, owned] : objects) {
        const config::Source& source = owned.object->source;
        if (source.where.empty() || named.contains(name) || broken_.contains(owned.provider)) continue;
        add(Severity::warning, code, fmt::format("{} {} is used by nobody", kind, name), source, "it has no effect",
            std::string(fix));
      }
    };
    report(merged_.services, used.services, code::kUnusedService, "service", "name it in a router, or remove it");
    report(merged_.tcp_services, used.tcp_services, code::kUnusedService, "TCP service",
           "name it in a router, or remove it");
    report(merged_.udp_services, used.udp_services, code::kUnusedService, "UDP service",
           "name it in a router, or remove it");
    report(merged_.middlewares, used.middlewares, code::kUnusedMiddleware, "middleware",
           "name it in a router's middlewares, or remove it");
    report(merged_.tcp_middlewares, used.tcp_middlewares, code::kUnusedMiddleware, "TCP middleware",
           "name it in a router's middlewares, or remove it");
    for (const auto& [name, owned] : merged_.services) no_servers(name, owned);
    for (const auto& [name, owned] : merged_.tcp_services) no_servers(name, owned);
    for (const auto& [name, owned] : merged_.udp_services) no_servers(name, owned);
  }

  // Of a file only: a container that is not ready has a service without servers, and that is nobody's mistake.
  template <class Service>
  void no_servers(const std::string& name, const Owned<Service>& owned) {
    const Service& service = *owned.object;
    if (owned.provider != "file" || service.source.where.empty() || !service.load_balancer ||
        !service.load_balancer->servers.empty()) {
      return;
    }
    add(Severity::warning, code::kNoServers, fmt::format("service {} has no servers", name), service.source,
        "its requests are answered 503", "add loadBalancer.servers");
  }

  struct Shown {
    std::string name;
    std::int64_t priority = 0;
    const config::Source* source = nullptr;
  };

  const config::Static& static_;
  bool static_known_;
  config::Report& report_;
  Merged merged_;
  std::set<std::string, std::less<>> broken_;  // providers of which something was left out
  std::vector<std::string> defaults_;
  std::map<std::string, Shown> shown_;  // routers by everything that decides who gets a request
};

}  // namespace

void cross_check(const config::Static& configuration, bool static_known, const Fragments& fragments,
                 config::Report& report) {
  CrossChecker(configuration, static_known, fragments, report).check();
}

}  // namespace sluice::control
