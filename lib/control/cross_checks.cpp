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

template <class T>
using Objects = std::map<std::string, Owned<T>>;

template <class T>
std::vector<std::string> names_of(const Objects<T>& objects) {
  std::vector<std::string> names;
  for (const auto& [name, object] : objects) names.push_back(name);
  return names;
}

template <class T>
void collect(Objects<T>& into, const std::map<std::string, T>& from, std::string_view provider) {
  for (const auto& [name, object] : from) into.emplace(qualify(name, provider), Owned<T>{&object, provider});
}

class CrossChecker {
 public:
  CrossChecker(const config::Static& configuration, bool static_known, const Fragments& fragments,
               config::Report& report)
      : static_(configuration), static_known_(static_known), report_(report), merged_(merge(fragments)) {
    for (const auto& fragment : fragments) {
      const config::Dynamic& dynamic = fragment->configuration;
      collect(tcp_routers_, dynamic.tcp.routers, fragment->provider);
      collect(tcp_services_, dynamic.tcp.services, fragment->provider);
      collect(tcp_middlewares_, dynamic.tcp.middlewares, fragment->provider);
      collect(udp_routers_, dynamic.udp.routers, fragment->provider);
      collect(udp_services_, dynamic.udp.services, fragment->provider);
      collect(tls_options_, dynamic.tls.options, fragment->provider);
      if (config::has_errors(fragment->report)) broken_.insert(fragment->provider);
    }
    for (const auto& [name, entry_point] : configuration.entry_points) {
      std::optional<config::EntryPointAddress> address = config::parse_entry_point_address(entry_point.address);
      if (!address) continue;
      (address->transport == config::Transport::udp ? udp_entry_points_ : tcp_entry_points_).push_back(name);
    }
    defaults_ = config::default_entry_points(configuration);
  }

  void check() {
    for (const auto& [name, router] : merged_.routers) http_router(name, router);
    for (const auto& [name, router] : tcp_routers_) tcp_router(name, router);
    for (const auto& [name, router] : udp_routers_) udp_router(name, router);
    for (const auto& [name, entry_point] : static_.entry_points) {
      if (entry_point.http.tls) tls(fmt::format("entry point {}", name), *entry_point.http.tls, {}, entry_point.source);
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
    if (router.tls) tls(fmt::format("router {}", name), *router.tls, owned.provider, router.source);
    for (const std::string& wanted : router.entry_points) transport(name, wanted, false, router.source);
    std::string_view syntax = router.rule_syntax.empty() ? static_.core.default_rule_syntax : router.rule_syntax;
    route::ParsedRule parsed = route::parse_rule(router.rule, route::Family::http,
                                                 iequals(syntax, "v2") ? route::Syntax::v2 : route::Syntax::v3);
    if (!parsed.rule) return;  // the build reports it
    hidden("http", name, router, *parsed.rule);
  }

  void tcp_router(const std::string& name, const Owned<config::TcpRouter>& owned) {
    const config::TcpRouter& router = *owned.object;
    const std::string effect = fmt::format("TCP router {} takes no connections", name);
    if (router.tls) tls(fmt::format("TCP router {}", name), *router.tls, owned.provider, router.source);
    for (const std::string& wanted : router.entry_points) transport(name, wanted, false, router.source);
    entry_points(name, router.entry_points, tcp_entry_points_, router.source);
    if (!router.service.empty()) {
      refers("service", qualify(router.service, owned.provider), tcp_services_, router.source, effect);
    }
    for (const std::string& middleware : router.middlewares) {
      std::string wanted = qualify(middleware, owned.provider);
      if (tcp_middlewares_.contains(wanted)) continue;
      if (merged_.middlewares.contains(wanted)) {
        add(Severity::error, code::kUnknownReference,
            fmt::format("middleware {} is an HTTP middleware, and router {} is a TCP router", wanted, name),
            router.source, effect, "use one of tcp.middlewares: ipAllowList or inFlightConn");
        continue;
      }
      refers("middleware", wanted, tcp_middlewares_, router.source, effect);
    }
    std::string_view syntax = router.rule_syntax.empty() ? static_.core.default_rule_syntax : router.rule_syntax;
    route::ParsedRule parsed = route::parse_rule(router.rule, route::Family::tcp,
                                                 iequals(syntax, "v2") ? route::Syntax::v2 : route::Syntax::v3);
    if (!parsed.rule) {
      add(Severity::error, code::kRule,
          fmt::format("the rule of TCP router {} cannot be used: {}, at byte {} of {}", name, parsed.error->what,
                      parsed.error->offset + 1, router.rule),
          router.source, effect, parsed.error->fix);
      return;
    }
    if (!router.tls && route::needs_tls(*parsed.rule)) {
      add(Severity::error, code::kNeedsTls,
          fmt::format("TCP router {} names a host in {}, which only a TLS handshake tells", name, router.rule),
          router.source, effect, "add tls (with passthrough or a certificate), or write HostSNI(`*`)");
    }
    hidden("tcp", name, router, *parsed.rule);
  }

  void udp_router(const std::string& name, const Owned<config::UdpRouter>& owned) {
    const config::UdpRouter& router = *owned.object;
    for (const std::string& wanted : router.entry_points) transport(name, wanted, true, router.source);
    entry_points(name, router.entry_points, udp_entry_points_, router.source);
    if (!router.service.empty()) {
      refers("service", qualify(router.service, owned.provider), udp_services_, router.source,
             fmt::format("UDP router {} takes no packets", name));
    }
  }

  // An entry point of the other transport. One that does not exist is another problem.
  void transport(const std::string& router, const std::string& wanted, bool udp, const config::Source& source) {
    const std::vector<std::string>& others = udp ? tcp_entry_points_ : udp_entry_points_;
    if (!static_known_ || std::find(others.begin(), others.end(), wanted) == others.end()) return;
    add(Severity::error, code::kWrongTransport,
        fmt::format("router {} is to be on entry point {}, which is a {} one", router, wanted, udp ? "TCP" : "UDP"),
        source, "it is left out there",
        udp ? "name an entry point whose address ends in /udp" : "name an entry point without /udp");
  }

  void entry_points(const std::string& router, const std::vector<std::string>& wanted,
                    const std::vector<std::string>& known, const config::Source& source) {
    for (const std::string& name : wanted) {
      if (!static_known_ || static_.entry_points.contains(name)) continue;
      std::string names;
      for (const std::string& one : known) names += (names.empty() ? "" : ", ") + one;
      add(Severity::warning, code::kUnknownEntryPoint,
          fmt::format("router {} is to be on entry point {}, which does not exist", router, name), source,
          "it is left out on that entry point",
          names.empty() ? "define an entry point for it" : fmt::format("name one of: {}", names));
    }
  }

  template <class T>
  void refers(std::string_view kind, const std::string& name, const Objects<T>& known, const config::Source& source,
              const std::string& effect) {
    if (known.contains(name)) return;
    report_.push_back(unknown_reference(kind, name, names_of(known), source, effect));
  }

  template <class RouterTls>
  void tls(const std::string& whose, const RouterTls& settings, std::string_view provider,
           const config::Source& source) {
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
    if (settings.options.empty() || settings.options == "default") return;
    std::string options = provider.empty() ? settings.options : qualify(settings.options, provider);
    if (tls_options_.contains(options)) return;
    config::Problem missing = unknown_reference("TLS options", options, names_of(tls_options_), source,
                                                "handshakes for its hosts may be refused");
    missing.code = code::kUnknownTlsOptions;
    report_.push_back(std::move(missing));
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
    References used(static_, merged_, tcp_routers_, tcp_services_, udp_routers_, udp_services_);
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
    report(tcp_services_, used.tcp_services, code::kUnusedService, "TCP service", "name it in a router, or remove it");
    report(udp_services_, used.udp_services, code::kUnusedService, "UDP service", "name it in a router, or remove it");
    report(merged_.middlewares, used.middlewares, code::kUnusedMiddleware, "middleware",
           "name it in a router's middlewares, or remove it");
    report(tcp_middlewares_, used.tcp_middlewares, code::kUnusedMiddleware, "TCP middleware",
           "name it in a router's middlewares, or remove it");
    for (const auto& [name, owned] : merged_.services) no_servers(name, owned);
    for (const auto& [name, owned] : tcp_services_) no_servers(name, owned);
    for (const auto& [name, owned] : udp_services_) no_servers(name, owned);
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
  Objects<config::TcpRouter> tcp_routers_;
  Objects<config::TcpService> tcp_services_;
  Objects<config::TcpMiddleware> tcp_middlewares_;
  Objects<config::UdpRouter> udp_routers_;
  Objects<config::UdpService> udp_services_;
  Objects<config::TlsOptions> tls_options_;
  std::set<std::string, std::less<>> broken_;  // providers of which something was left out
  std::vector<std::string> tcp_entry_points_;
  std::vector<std::string> udp_entry_points_;
  std::vector<std::string> defaults_;
  std::map<std::string, Shown> shown_;  // routers by everything that decides who gets a request
};

}  // namespace

void cross_check(const config::Static& configuration, bool static_known, const Fragments& fragments,
                 config::Report& report) {
  CrossChecker(configuration, static_known, fragments, report).check();
}

}  // namespace sluice::control
