#include "control/snapshot_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "control/problems.h"
#include "proxy/answering.h"

namespace sluice::control {
namespace {

// Priorities above this are for internal routers.
constexpr std::int64_t kMaxUserPriority = std::numeric_limits<std::int64_t>::max() - 1000;

// Traefik's documented order of providers, strongest first; it decides between routers of equal priority.
constexpr std::array<std::string_view, 18> kProviderOrder = {"internal",
                                                             "kubernetesgateway",
                                                             "kubernetescrd",
                                                             "kubernetes",
                                                             "kubernetesingressnginx",
                                                             "swarm",
                                                             "docker",
                                                             "file",
                                                             "redis",
                                                             "knative",
                                                             "consul",
                                                             "consulcatalog",
                                                             "nomad",
                                                             "etcd",
                                                             "ecs",
                                                             "http",
                                                             "zookeeper",
                                                             "rest"};

std::string left_out(const std::string& router) { return fmt::format("router {} takes no requests", router); }

const config::EntryPoint* static_entry_point(const config::Static& configuration, const std::string& name) {
  auto found = configuration.entry_points.find(name);
  return found == configuration.entry_points.end() ? nullptr : &found->second;
}

http::EncodedCharacters encoded_characters(const config::EntryPointEncodedCharacters& from) {
  http::EncodedCharacters characters;
  characters.allow_slash = from.allow_encoded_slash;
  characters.allow_backslash = from.allow_encoded_back_slash;
  characters.allow_null = from.allow_encoded_null_character;
  characters.allow_semicolon = from.allow_encoded_semicolon;
  characters.allow_percent = from.allow_encoded_percent;
  characters.allow_question_mark = from.allow_encoded_question_mark;
  characters.allow_hash = from.allow_encoded_hash;
  return characters;
}

}  // namespace

SnapshotBuilder::SnapshotBuilder(const config::Static& configuration,
                                 std::span<const server::EntryPointSettings> entry_points, unsigned workers,
                                 MiddlewareKinds kinds,
                                 std::map<std::string, std::shared_ptr<const proxy::Handler>> internal_services,
                                 Registry& registry)
    : configuration_(configuration),
      entry_points_(entry_points),
      default_entry_points_(config::default_entry_points(configuration)),
      services_(workers, configuration, std::move(internal_services), registry, tls_),
      tcp_services_(workers, registry, tls_),
      middlewares_(kinds, workers, services_, registry),
      challenges_(configuration, entry_points),
      states_(entry_points.size()) {}

Build SnapshotBuilder::build(const Fragments& fragments) {
  ++number_;
  Build build;
  for (const auto& fragment : fragments) {
    build.report.insert(build.report.end(), fragment->report.begin(), fragment->report.end());
  }
  Merged merged = merge(fragments);
  middlewares_.begin(merged, build.report);
  tls_.begin(merged, build.report);
  services_.begin(merged, build.report);
  std::vector<Places> places(entry_points_.size());
  tcp_services_.begin(merged, build.report);
  challenges_.begin(merged, build.report);
  for (const auto& [name, router] : merged.routers) place(name, router, build.report, places);
  for (const auto& [name, router] : merged.tcp_routers) place_tcp(name, router, build.report, places);
  std::vector<std::shared_ptr<const server::ChallengeRules>> challenges = challenges_.finish(services_, tcp_services_);
  tcp_services_.finish();

  auto snapshot = std::make_shared<server::Snapshot>();
  snapshot->number = number_;
  snapshot->endpoints = services_.finish();
  build.health_targets = services_.health_targets();
  std::vector<std::shared_ptr<const proxy::Endpoint>> asked = middlewares_.endpoints();
  snapshot->endpoints.insert(snapshot->endpoints.end(), asked.begin(), asked.end());
  for (std::size_t i = 0; i < entry_points_.size(); ++i) {
    build.routers += places[i].placed.size() + places[i].tcp.size();
    places[i].https.finish(tls_);
    snapshot->entry_points.push_back(routes_of(i, std::move(places[i])));
  }
  build.certificates.wants = certificate_wants(configuration_, merged, rules_, build.certificates.unknown_resolvers);
  build.certificates.provided = tls_.provided();
  tls_.await(build.certificates.wants);
  snapshot->certificates = tls_.certificates();
  snapshot->challenges = std::move(challenges);
  rules_.finish();
  tls_.finish();
  build.snapshot = std::move(snapshot);
  return build;
}

template <class Router>
const RuleCache::Parsed* SnapshotBuilder::rule_of(const std::string& name, const Router& router, route::Family family,
                                                  bool internal, config::Report& report) {
  const std::string effect = left_out(name);
  if (router.rule.empty()) {
    report.push_back(problem(code::kRule, fmt::format("router {} has no rule", name), router.source, effect,
                             family == route::Family::http ? "add a rule, for example Host(`app.example.com`)"
                                                           : "add a rule, for example HostSNI(`app.example.com`)"));
    return nullptr;
  }
  if (!internal && router.priority > kMaxUserPriority) {
    report.push_back(problem(code::kPriority, fmt::format("the priority of router {} is in the reserved band", name),
                             router.source, effect, fmt::format("use at most {}", kMaxUserPriority)));
    return nullptr;
  }
  std::string_view syntax = router.rule_syntax.empty() ? configuration_.core.default_rule_syntax : router.rule_syntax;
  if (internal) syntax = "v3";
  const RuleCache::Parsed& rule =
      rules_.parse(router.rule, family, iequals(syntax, "v2") ? route::Syntax::v2 : route::Syntax::v3);
  if (rule.rule == nullptr) {
    report.push_back(problem(code::kRule,
                             fmt::format("the rule of router {} cannot be used: {}, at byte {} of {}", name,
                                         rule.error.what, rule.error.offset + 1, router.rule),
                             router.source, effect, rule.error.fix));
    return nullptr;
  }
  for (const route::RuleProblem& warning : rule.warnings) {
    report.push_back(problem(code::kRuleWarning, fmt::format("the rule of router {}: {}", name, warning.what),
                             router.source, "the router is used as it is", warning.fix, config::Severity::warning));
  }
  return &rule;
}

void SnapshotBuilder::place(const std::string& name, const Owned<config::HttpRouter>& owned, config::Report& report,
                            std::vector<Places>& places) {
  const config::HttpRouter& router = *owned.object;
  const config::Source& source = router.source;
  const std::string effect = left_out(name);
  bool internal = owned.provider == "internal";
  const RuleCache::Parsed* parsed = rule_of(name, router, route::Family::http, internal, report);
  if (parsed == nullptr) return;
  const RuleCache::Parsed& rule = *parsed;
  std::vector<std::size_t> indices = entry_points_of(name, router.entry_points, source, report);
  if (indices.empty()) {
    report.push_back(problem(code::kNoEntryPoint, fmt::format("router {} is on no entry point", name), source, effect,
                             "name one of the entry points of the static configuration"));
    return;
  }
  challenges_.add(name, owned, *rule.rule, indices);
  // Before anything else can leave the router out: its hosts keep their TLS options, whatever else is wrong with it.
  std::vector<bool> secure(entry_points_.size(), false);
  std::erase_if(indices, [&](std::size_t index) {
    const config::EntryPoint* model = static_entry_point(configuration_, entry_points_[index].name);
    const config::RouterTls* model_tls = model != nullptr && model->http.tls && !internal ? &*model->http.tls : nullptr;
    if (!router.tls && model_tls == nullptr) return false;
    secure[index] = true;
    return !place_tls(name, owned, model_tls, *rule.rule, report, places[index]);
  });
  if (indices.empty()) return;
  if (router.service.empty()) {
    report.push_back(problem(code::kUnknownReference, fmt::format("router {} names no service", name), source, effect,
                             "add a service"));
    return;
  }
  Placed base;
  base.rule = rule.rule;
  base.priority = router.priority;
  base.rank = rank_of(owned.provider);
  base.service = services_.find(qualify(router.service, owned.provider), source, effect);
  Chain own;
  bool complete = middlewares_.append(own, router.middlewares, owned.provider, source, effect);
  if (base.service == nullptr || !complete) return;
  // An entry point's redirection is the only internal router that leads nowhere.
  base.redirects = internal && router.service == "noop@internal";
  base.takes_challenges = router.acme && iequals(router.acme->http01, "forward");
  challenges_.delegate(name, router, base.service);

  for (std::size_t index : indices) {
    Placed one = base;
    one.name = name;
    one.secure = secure[index];
    const config::EntryPoint* model = static_entry_point(configuration_, entry_points_[index].name);
    if (model != nullptr && !model->http.middlewares.empty() && !internal) {
      // A router on several entry points shows up once for each that adds something to it.
      if (indices.size() > 1) one.name = fmt::format("{}-{}", entry_points_[index].name, name);
      if (!middlewares_.append(one.chain, model->http.middlewares, "internal", source, left_out(one.name))) continue;
    }
    one.chain.insert(one.chain.end(), own.begin(), own.end());
    places[index].placed.push_back(std::move(one));
  }
}

void SnapshotBuilder::place_tcp(const std::string& name, const Owned<config::TcpRouter>& owned, config::Report& report,
                                std::vector<Places>& places) {
  const config::TcpRouter& router = *owned.object;
  const config::Source& source = router.source;
  const std::string effect = fmt::format("TCP router {} takes no connections", name);
  const RuleCache::Parsed* rule = rule_of(name, router, route::Family::tcp, false, report);
  if (rule == nullptr) return;
  if (route::needs_tls(*rule->rule) && !router.tls) {
    report.push_back(problem(code::kTlsRouter,
                             fmt::format("TCP router {} asks for a server name, which only TLS connections have", name),
                             source, effect, "add tls, or tls.passthrough=true"));
    return;
  }
  if (!router.middlewares.empty()) {
    report.push_back(problem(code::kMiddleware,
                             fmt::format("TCP router {} has middlewares, which are not supported yet", name), source,
                             effect, "remove them to serve it without"));
    return;
  }
  std::vector<std::size_t> indices = entry_points_of(name, router.entry_points, source, report);
  if (indices.empty() || router.service.empty()) {
    report.push_back(
        problem(indices.empty() ? code::kNoEntryPoint : code::kUnknownReference,
                fmt::format("TCP router {} {}", name, indices.empty() ? "is on no entry point" : "names no service"),
                source, effect, "name one"));
    return;
  }
  PlacedTcp one;
  one.rule = rule->rule;
  one.priority = router.priority;
  one.rank = rank_of(owned.provider);
  one.name = name;
  one.service = tcp_services_.find(qualify(router.service, owned.provider), source, effect);
  if (one.service == nullptr) return;
  if (router.tls) {
    one.tls = router.tls->passthrough ? server::TcpRoute::Tls::passthrough : server::TcpRoute::Tls::terminate;
    std::string options = TlsBuilder::options_name(router.tls->options, owned.provider);
    if (one.tls == server::TcpRoute::Tls::terminate) one.context = tls_.context(options, TlsBuilder::For::tcp);
    if (one.tls == server::TcpRoute::Tls::terminate && one.context == nullptr) {
      report.push_back(
          problem(code::kTlsRouter,
                  fmt::format("TCP router {} has the TLS options {}, and {}", name, options, tls_.why_not(options)),
                  source, "its connections are closed", "define the options or correct the name"));
    }
  }
  challenges_.add(name, router, *rule->rule);
  challenges_.delegate(name, router, one.service);
  for (std::size_t index : indices) places[index].tcp.push_back(one);
}

// False: the options cannot be used, and the router takes no requests there.
bool SnapshotBuilder::place_tls(const std::string& name, const Owned<config::HttpRouter>& owned,
                                const config::RouterTls* model, const route::Rule& rule, config::Report& report,
                                Places& places) {
  const config::HttpRouter& router = *owned.object;
  const std::string& written = router.tls ? router.tls->options : model->options;
  std::string options = TlsBuilder::options_name(written, router.tls ? owned.provider : "internal");
  std::vector<std::string> hosts = route::hosts_of(rule);
  places.https.add(hosts, options, name, router.source, report);
  if (hosts.empty() || tls_.context(options, TlsBuilder::For::http) != nullptr) return true;
  report.push_back(problem(
      code::kTlsRouter, fmt::format("router {} has the TLS options {}, and {}", name, options, tls_.why_not(options)),
      router.source, fmt::format("{}, and connections for its hosts are closed", left_out(name)),
      "define the options or correct the name"));
  return false;
}

std::vector<std::size_t> SnapshotBuilder::entry_points_of(const std::string& name,
                                                          const std::vector<std::string>& names,
                                                          const config::Source& source, config::Report& report) const {
  std::vector<std::size_t> indices;
  for (const std::string& wanted : names.empty() ? default_entry_points_ : names) {
    std::size_t index = 0;
    while (index < entry_points_.size() && entry_points_[index].name != wanted) ++index;
    if (index < entry_points_.size()) {
      if (std::find(indices.begin(), indices.end(), index) == indices.end()) indices.push_back(index);
      continue;
    }
    std::string known;
    for (const server::EntryPointSettings& entry_point : entry_points_) {
      known += (known.empty() ? "" : ", ") + entry_point.name;
    }
    report.push_back(problem(code::kUnknownEntryPoint,
                             fmt::format("router {} is to be on entry point {}, which does not exist", name, wanted),
                             source, "it is left out on that entry point", fmt::format("name one of: {}", known),
                             config::Severity::warning));
  }
  return indices;
}

server::HttpRoutes SnapshotBuilder::table_of(const std::vector<Placed>& placed, bool secure, std::size_t index) const {
  std::vector<route::Route> rows;
  std::vector<route::Route> not_redirected;
  std::vector<server::Route> routes;
  http::EncodedCharacters characters;
  bool challenges_pass = false;
  if (const config::EntryPoint* model = static_entry_point(configuration_, entry_points_[index].name)) {
    characters = encoded_characters(model->http.encoded_characters);
    challenges_pass = model->allow_acme_by_pass;
  }
  std::map<const proxy::Handler*, std::shared_ptr<const proxy::Handler>> answering;  // by service
  for (const Placed& one : placed) {
    if (one.secure != secure) continue;
    rows.push_back(
        route::Route{one.rule.get(), one.priority, one.name, one.rank, static_cast<std::uint32_t>(rows.size())});
    if (!one.redirects) not_redirected.push_back(rows.back());
    server::Route route;
    route.router = one.name;
    route.takes_challenges = one.takes_challenges;
    auto& answers = answering[one.service.get()];
    if (answers == nullptr) answers = std::make_shared<proxy::Answering>(one.service);
    route.handler = proxy::chain(one.chain, answers);
    route.deny_encoded_characters = !(characters == http::EncodedCharacters());
    route.characters = characters;
    routes.push_back(std::move(route));
  }
  server::HttpRoutes table{route::HttpTable(rows)};
  table.routes = std::move(routes);
  table.challenges_pass = challenges_pass;
  if (not_redirected.size() < rows.size()) {
    table.not_redirected = std::make_shared<const route::HttpTable>(not_redirected);
  }
  return table;
}

std::shared_ptr<const server::EntryPointRoutes> SnapshotBuilder::routes_of(std::size_t index, Places places) {
  EntryPointState& state = states_[index];
  if (state.routes != nullptr && state.placed == places.placed && state.https == places.https &&
      state.tcp == places.tcp) {
    return state.routes;
  }
  server::HttpRoutes plain = table_of(places.placed, false, index);
  auto routes = std::make_shared<server::EntryPointRoutes>(std::move(plain.table));
  routes->routes = std::move(plain.routes);
  routes->not_redirected = std::move(plain.not_redirected);
  routes->challenges_pass = plain.challenges_pass;
  server::HttpsHosts hosts(places.https.policies(), places.https.hosts(), places.https.catch_all());
  routes->tls = std::make_shared<const server::TlsRoutes>(
      server::TlsRoutes{table_of(places.placed, true, index), std::move(hosts), tcp_routes(places.tcp, true)});
  server::TcpRoutes without_tls = tcp_routes(places.tcp, false);
  if (without_tls.table.size() > 0) routes->tcp = std::make_shared<const server::TcpRoutes>(std::move(without_tls));
  state.tcp = std::move(places.tcp);
  state.placed = std::move(places.placed);
  state.https = std::move(places.https);
  state.routes = std::move(routes);
  return state.routes;
}

std::uint32_t SnapshotBuilder::rank_of(std::string_view provider) const {
  auto at = std::find(kProviderOrder.begin(), kProviderOrder.end(), provider);
  std::uint32_t documented = static_cast<std::uint32_t>(at - kProviderOrder.begin());
  const std::vector<std::string>& precedence = configuration_.providers.precedence;
  for (std::size_t i = 0; i < precedence.size(); ++i) {
    if (iequals(precedence[i], provider)) return static_cast<std::uint32_t>(i) + 1;
  }
  return provider == "internal" ? 0 : documented + static_cast<std::uint32_t>(precedence.size()) + 1;
}

}  // namespace sluice::control
