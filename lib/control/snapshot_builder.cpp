#include "control/snapshot_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "config/problem_codes.h"
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

std::string left_out(const std::string& router) {
  std::string effect = "router ";
  effect += router;
  effect += " takes no requests";
  return effect;
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
      tcp_services_(workers, configuration, registry, tls_),
      tcp_middlewares_(kinds.tcp, registry),
      udp_services_(workers, registry),
      middlewares_(kinds, workers, services_, registry, tls_),
      challenges_(configuration, entry_points),
      states_(entry_points.size()) {
  for (const server::EntryPointSettings& entry_point : entry_points_) {
    auto model = configuration_.entry_points.find(entry_point.name);
    models_.push_back(model == configuration_.entry_points.end() ? nullptr : &model->second);
  }
}

Build SnapshotBuilder::build(const Fragments& fragments) {
  ++number_;
  Build build;
  for (const auto& fragment : fragments) {
    build.report.insert(build.report.end(), fragment->report.begin(), fragment->report.end());
  }
  const Fragments before = merged_.fragments;  // read_ points to their routers
  merged_.take(fragments);
  read_routers();
  const Merged& merged = merged_;
  middlewares_.begin(merged, build.report);
  tls_.begin(merged, build.report);
  services_.begin(merged, middlewares_, build.report);
  std::vector<Places> places(entry_points_.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i].placed.reserve(states_[i].placed.size() + 64);
  tcp_services_.begin(merged, build.report);
  tcp_middlewares_.begin(merged, build.report);
  udp_services_.begin(merged, build.report);
  challenges_.begin(merged, build.report);
  auto read = read_.begin();
  for (const auto& [name, router] : merged.routers) place(*read++, router, build.report, places);
  for (const auto& [name, router] : merged.tcp_routers) place_tcp(name, router, build.report, places);
  for (const auto& [name, router] : merged.udp_routers) place_udp(name, router, build.report, places);
  std::vector<std::shared_ptr<const server::ChallengeRules>> challenges = challenges_.finish(services_, tcp_services_);
  tcp_services_.finish();
  udp_services_.finish();

  auto snapshot = std::make_shared<server::Snapshot>();
  snapshot->number = number_;
  snapshot->endpoints = services_.finish();
  build.health_targets = services_.health_targets();
  build.tcp_health_targets = tcp_services_.health_targets();
  std::vector<std::shared_ptr<const proxy::Endpoint>> asked = middlewares_.endpoints();
  snapshot->endpoints.insert(snapshot->endpoints.end(), asked.begin(), asked.end());
  for (std::size_t i = 0; i < entry_points_.size(); ++i) {
    build.routers += places[i].placed.size() + places[i].tcp.size() + (places[i].udp.service == nullptr ? 0 : 1);
    places[i].https.finish(tls_);
    snapshot->entry_points.push_back(routes_of(i, std::move(places[i])));
  }
  build.certificates.wants = certificate_wants(configuration_, merged, rules_, build.certificates.unknown_resolvers);
  build.certificates.provided = tls_.provided();
  tls_.await(build.certificates.wants, merged.fragments);
  snapshot->certificates = tls_.certificates();
  snapshot->challenges = std::move(challenges);
  tls_.finish();
  build.snapshot = std::move(snapshot);
  return build;
}

void SnapshotBuilder::read_routers() {
  std::vector<Read> last = std::exchange(read_, {});
  read_.reserve(merged_.routers.size());
  auto known = last.begin();
  for (const auto& [name, owned] : merged_.routers) {
    while (known != last.end() && known->router != owned.object && known->name < name) ++known;
    // What has a problem is read again if it may have moved, because the report says where it is.
    const bool same =
        known != last.end() && (known->router == owned.object ||
                                (known->name == name && known->report.empty() && *known->router == *owned.object));
    read_.push_back(same ? std::move(*known++) : read(name, owned));
    read_.back().router = owned.object;
  }
}

SnapshotBuilder::Read SnapshotBuilder::read(const std::string& name, const Owned<config::HttpRouter>& owned) {
  const config::HttpRouter& router = *owned.object;
  Read read{name, &router, nullptr, {}, rank_of(owned.provider), {}};
  read.rule = rule_of(name, router, route::Family::http, owned.provider == "internal", read.report);
  if (read.rule == nullptr) return read;
  read.entry_points = entry_points_of(name, router.entry_points, false, router.source, read.report);
  if (read.entry_points.empty()) {
    read.rule = nullptr;
    read.report.push_back(problem(code::kNoEntryPoint, fmt::format("router {} is on no entry point", name),
                                  router.source, left_out(name),
                                  "name one of the entry points of the static configuration"));
  }
  return read;
}

template <class Router>
std::shared_ptr<const route::Rule> SnapshotBuilder::rule_of(const std::string& name, const Router& router,
                                                            route::Family family, bool internal,
                                                            config::Report& report) {
  if (router.rule.empty()) {
    report.push_back(problem(code::kRule, fmt::format("router {} has no rule", name), router.source, left_out(name),
                             family == route::Family::http ? "add a rule, for example Host(`app.example.com`)"
                                                           : "add a rule, for example HostSNI(`app.example.com`)"));
    return nullptr;
  }
  if (!internal && router.priority > kMaxUserPriority) {
    report.push_back(problem(code::kPriority, fmt::format("the priority of router {} is in the reserved band", name),
                             router.source, left_out(name), fmt::format("use at most {}", kMaxUserPriority)));
    return nullptr;
  }
  std::string_view syntax = router.rule_syntax.empty() ? configuration_.core.default_rule_syntax : router.rule_syntax;
  if (internal) syntax = "v3";
  const RuleCache::Parsed parsed =
      rules_.parse(router.rule, family, iequals(syntax, "v2") ? route::Syntax::v2 : route::Syntax::v3);
  if (!parsed->rule) {
    report.push_back(problem(code::kRule,
                             fmt::format("the rule of router {} cannot be used: {}, at byte {} of {}", name,
                                         parsed->error->what, parsed->error->offset + 1, router.rule),
                             router.source, left_out(name), parsed->error->fix));
    return nullptr;
  }
  for (const route::RuleProblem& warning : parsed->warnings) {
    report.push_back(problem(code::kRuleWarning, fmt::format("the rule of router {}: {}", name, warning.what),
                             router.source, "the router is used as it is", warning.fix, config::Severity::warning));
  }
  return {parsed, &*parsed->rule};
}

void SnapshotBuilder::place(const Read& read, const Owned<config::HttpRouter>& owned, config::Report& report,
                            std::vector<Places>& places) {
  report.insert(report.end(), read.report.begin(), read.report.end());
  if (read.rule == nullptr) return;
  const std::string& name = read.name;
  const config::HttpRouter& router = *owned.object;
  const config::Source& source = router.source;
  const bool internal = owned.provider == "internal";
  const std::string effect = left_out(name);
  challenges_.add(name, owned, *read.rule, read.entry_points);
  auto tls_of_model = [&](std::size_t index) {
    const config::EntryPoint* model = models_[index];
    return model != nullptr && model->http.tls && !internal ? &*model->http.tls : nullptr;
  };
  auto is_secure = [&](std::size_t index) { return router.tls || tls_of_model(index) != nullptr; };
  // Before anything else can leave the router out: its hosts keep their TLS options, whatever else is wrong with it.
  std::vector<std::size_t> indices = read.entry_points;
  std::erase_if(indices, [&](std::size_t index) {
    return is_secure(index) && !place_tls(name, owned, tls_of_model(index), *read.rule, report, places[index]);
  });
  if (indices.empty()) return;
  if (!router.parent_refs.empty()) {
    // By itself it would take requests that its parent's rule and middlewares are to keep away.
    report.push_back(problem(config::code::kNotServed,
                             fmt::format("router {} has parentRefs, which are not served by this version", name),
                             source, effect, "put the parents' rule and middlewares into the router itself"));
    return;
  }
  if (router.service.empty()) {
    report.push_back(problem(code::kUnknownReference, fmt::format("router {} names no service", name), source, effect,
                             "add a service"));
    return;
  }
  Placed base;
  base.rule = read.rule;
  base.priority = router.priority;
  base.rank = read.rank;
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
    one.secure = is_secure(index);
    const config::EntryPoint* model = models_[index];
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
  const std::shared_ptr<const route::Rule> rule = rule_of(name, router, route::Family::tcp, false, report);
  if (rule == nullptr) return;
  if (route::needs_tls(*rule) && !router.tls) {
    report.push_back(
        problem(code::kNeedsTls,
                fmt::format("TCP router {} names a host in {}, which only a TLS handshake tells", name, router.rule),
                source, effect, "add tls (with passthrough or a certificate), or write HostSNI(`*`)"));
    return;
  }
  std::vector<std::size_t> indices = entry_points_of(name, router.entry_points, false, source, report);
  if (indices.empty() || router.service.empty()) {
    report.push_back(
        problem(indices.empty() ? code::kNoEntryPoint : code::kUnknownReference,
                fmt::format("TCP router {} {}", name, indices.empty() ? "is on no entry point" : "names no service"),
                source, effect, "name one"));
    return;
  }
  PlacedTcp one;
  one.rule = rule;
  one.priority = router.priority;
  one.rank = rank_of(owned.provider);
  one.name = name;
  one.service = tcp_services_.find(qualify(router.service, owned.provider), source, effect);
  bool complete = tcp_middlewares_.append(one.chain, router.middlewares, owned.provider, source, effect);
  if (one.service == nullptr || !complete) return;
  if (router.tls) {
    one.tls = router.tls->passthrough ? server::TcpRoute::Tls::passthrough : server::TcpRoute::Tls::terminate;
    std::string options = TlsBuilder::options_name(router.tls->options, owned.provider);
    if (one.tls == server::TcpRoute::Tls::terminate) one.context = tls_.context(options, TlsBuilder::For::tcp);
    if (one.tls == server::TcpRoute::Tls::terminate && one.context == nullptr) {
      report.push_back(tls_.refusal("TCP router " + name, options, source, "its connections are closed"));
    }
  }
  challenges_.add(name, router, *rule);
  challenges_.delegate(name, router, one.service);
  for (std::size_t index : indices) places[index].tcp.push_back(one);
}

void SnapshotBuilder::place_udp(const std::string& name, const Owned<config::UdpRouter>& owned, config::Report& report,
                                std::vector<Places>& places) {
  const config::UdpRouter& router = *owned.object;
  const std::string effect = fmt::format("UDP router {} takes no datagrams", name);
  std::vector<std::size_t> indices = entry_points_of(name, router.entry_points, true, router.source, report);
  if (indices.empty() || router.service.empty()) {
    report.push_back(problem(
        indices.empty() ? code::kNoEntryPoint : code::kUnknownReference,
        fmt::format("UDP router {} {}", name, indices.empty() ? "is on no UDP entry point" : "names no service"),
        router.source, effect, indices.empty() ? "name an entry point whose address ends in /udp" : "name one"));
    return;
  }
  PlacedUdp one{name, udp_services_.find(qualify(router.service, owned.provider), router.source, effect)};
  if (one.service == nullptr) return;
  for (std::size_t index : indices) {
    PlacedUdp& place = places[index].udp;
    if (place.service != nullptr) {
      // Routers come in the order of their names; as in Traefik the last one has the entry point.
      report.push_back(problem(
          code::kNoEntryPoint,
          fmt::format("UDP routers {} and {} are both on entry point {}", place.router, name,
                      entry_points_[index].name),
          router.source, fmt::format("{} gets no datagrams there: datagrams have nothing to choose by", place.router),
          "give each an entry point of its own", config::Severity::warning));
    }
    place = one;
  }
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
  report.push_back(tls_.refusal("router " + name, options, router.source,
                                fmt::format("{}, and connections for its hosts are closed", left_out(name))));
  return false;
}

std::vector<std::size_t> SnapshotBuilder::entry_points_of(const std::string& name,
                                                          const std::vector<std::string>& names, bool udp,
                                                          const config::Source& source, config::Report& report) const {
  std::vector<std::size_t> indices;
  std::vector<std::string> fitting;
  for (const server::EntryPointSettings& entry_point : entry_points_) {
    if (entry_point.udp == udp) fitting.push_back(entry_point.name);
  }
  // A UDP router that names none is on all of its kind.
  const std::vector<std::string>& defaults = udp ? fitting : default_entry_points_;
  for (const std::string& wanted : names.empty() ? defaults : names) {
    std::size_t index = 0;
    while (index < entry_points_.size() && entry_points_[index].name != wanted) ++index;
    if (index < entry_points_.size() && entry_points_[index].udp == udp) {
      if (std::find(indices.begin(), indices.end(), index) == indices.end()) indices.push_back(index);
      continue;
    }
    if (index < entry_points_.size()) {
      report.push_back(problem(
          code::kWrongTransport,
          fmt::format("router {} is to be on entry point {}, which is a {} one", name, wanted, udp ? "TCP" : "UDP"),
          source, "it is left out there",
          udp ? "name an entry point whose address ends in /udp" : "name an entry point without /udp"));
      continue;
    }
    std::string known;
    for (const std::string& one : fitting) known += (known.empty() ? "" : ", ") + one;
    report.push_back(problem(code::kUnknownEntryPoint,
                             fmt::format("router {} is to be on entry point {}, which does not exist", name, wanted),
                             source, "it is left out on that entry point",
                             known.empty() ? "define an entry point for it" : fmt::format("name one of: {}", known),
                             config::Severity::warning));
  }
  return indices;
}

// The HTTP routers of one kind. `same_rows`: those of the build before, if the table can be taken over.
server::HttpRoutes SnapshotBuilder::routes_of(const std::vector<Placed>& placed, bool secure, std::size_t index,
                                              const server::HttpRoutes* same_rows) const {
  std::vector<route::Route> rows;
  std::vector<route::Route> not_redirected;
  std::vector<server::Route> routes;
  routes.reserve(placed.size());
  http::EncodedCharacters characters;
  bool challenges_pass = false;
  if (models_[index] != nullptr) {
    characters = encoded_characters(models_[index]->http.encoded_characters);
    challenges_pass = models_[index]->allow_acme_by_pass;
  }
  const bool deny_some = !(characters == http::EncodedCharacters());
  std::map<const proxy::Handler*, std::shared_ptr<const proxy::Handler>> answering;  // by service
  for (const Placed& one : placed) {
    if (one.secure != secure) continue;
    if (same_rows == nullptr) {
      rows.push_back(
          route::Route{one.rule.get(), one.priority, one.name, one.rank, static_cast<std::uint32_t>(rows.size())});
      if (!one.redirects) not_redirected.push_back(rows.back());
    }
    server::Route& route = routes.emplace_back();
    route.router = one.name;
    route.takes_challenges = one.takes_challenges;
    auto& answers = answering[one.service.get()];
    if (answers == nullptr) answers = std::make_shared<proxy::Answering>(one.service);
    route.handler = proxy::chain(one.chain, answers);
    route.deny_encoded_characters = deny_some;
    route.characters = characters;
  }
  server::HttpRoutes made(same_rows != nullptr ? same_rows->shared : std::make_shared<const route::HttpTable>(rows));
  made.routes = std::move(routes);
  made.challenges_pass = challenges_pass;
  if (same_rows != nullptr) {
    made.not_redirected = same_rows->not_redirected;
  } else if (not_redirected.size() < rows.size()) {
    made.not_redirected = std::make_shared<const route::HttpTable>(not_redirected);
  }
  return made;
}

std::shared_ptr<const server::EntryPointRoutes> SnapshotBuilder::routes_of(std::size_t index, Places places) {
  EntryPointState& state = states_[index];
  if (state.routes != nullptr && state.placed == places.placed && state.https == places.https &&
      state.tcp == places.tcp && state.udp == places.udp) {
    return state.routes;
  }
  const bool same_rows =
      state.routes != nullptr && std::equal(state.placed.begin(), state.placed.end(), places.placed.begin(),
                                            places.placed.end(), [](const Row& a, const Row& b) { return a == b; });
  auto routes = std::make_shared<server::EntryPointRoutes>(
      routes_of(places.placed, false, index, same_rows ? state.routes.get() : nullptr));
  server::HttpsHosts hosts(places.https.policies(), places.https.hosts(), places.https.catch_all());
  routes->tls = std::make_shared<const server::TlsRoutes>(
      server::TlsRoutes{routes_of(places.placed, true, index, same_rows ? &state.routes->tls->http : nullptr),
                        std::move(hosts), tcp_routes(places.tcp, true)});
  server::TcpRoutes without_tls = tcp_routes(places.tcp, false);
  if (without_tls.table.size() > 0) routes->tcp = std::make_shared<const server::TcpRoutes>(std::move(without_tls));
  if (places.udp.service != nullptr) {
    routes->udp = std::make_shared<const server::UdpRoute>(server::UdpRoute{places.udp.router, places.udp.service});
  }
  state.tcp = std::move(places.tcp);
  state.udp = std::move(places.udp);
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
