#include "control/service_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "control/health_settings.h"
#include "control/middleware_builder.h"
#include "control/problems.h"
#include "control/service_names.h"
#include "proxy/load_balancer.h"
#include "proxy/weights.h"

namespace sluice::control {
namespace {

const std::string kDefaultTransport = "default@internal";

proxy::TransportSettings settings_of(Duration dial, Duration response_header, Duration idle, std::int64_t max_idle) {
  proxy::TransportSettings settings;
  settings.dial_timeout = dial > 0s ? dial : Duration::max();
  settings.response_header_timeout = response_header;
  settings.idle_timeout = idle;
  // 0 is Go's default of two connections per host, which nobody wants of a proxy; it means the default here.
  if (max_idle > 0) settings.max_idle = static_cast<std::size_t>(max_idle);
  return settings;
}

}  // namespace

ServiceBuilder::ServiceBuilder(unsigned workers, const config::Static& configuration,
                               std::map<std::string, std::shared_ptr<const proxy::Handler>> internal,
                               Registry& registry, TlsBuilder& tls)
    : workers_(workers),
      internal_(std::move(internal)),
      registry_(registry),
      tls_(tls),
      static_transport_(configuration.servers_transport) {
  const config::DefaultServersTransport& transport = configuration.servers_transport;
  default_transport_ =
      settings_of(transport.forwarding_timeouts.dial_timeout, transport.forwarding_timeouts.response_header_timeout,
                  transport.forwarding_timeouts.idle_conn_timeout, transport.max_idle_conns_per_host);
}

void ServiceBuilder::begin(const Merged& merged, MiddlewareBuilder& middlewares, config::Report& report) {
  merged_ = &merged;
  middlewares_ = &middlewares;
  report_ = &report;
  last_ = std::exchange(built_, {});
}

std::vector<std::string> ServiceBuilder::known_names() const {
  std::vector<std::string> names;
  for (const auto& [name, service] : merged_->services) names.push_back(name);
  for (const auto& [name, handler] : internal_) names.push_back(name);
  return names;
}

std::shared_ptr<const proxy::Handler> ServiceBuilder::find(const std::string& name, const config::Source& referrer,
                                                           const std::string& effect) {
  if (auto internal = internal_.find(name); internal != internal_.end()) return internal->second;
  auto defined = merged_->services.find(name);
  if (defined == merged_->services.end()) {
    report_->push_back(unknown_reference("service", name, known_names(), referrer, effect));
    return nullptr;
  }
  return build(name, defined->second).handler;
}

const ServiceBuilder::Built& ServiceBuilder::build(const std::string& name, const Owned<config::HttpService>& owned) {
  if (auto done = built_.find(name); done != built_.end()) return done->second;
  const config::HttpService& service = *owned.object;
  Built built;
  if (!building_.insert(name).second) {
    static const Built kNothing;
    report_->push_back(problem(code::kCycle, fmt::format("service {} refers to itself", name), service.source,
                               "the service cannot be used", "remove one of the references"));
    return kNothing;
  }
  ClientTlsSettings tls;
  built.transport = transport_of(service, owned.provider, tls, *report_);
  int types = (service.load_balancer ? 1 : 0) + (service.weighted ? 1 : 0) + (service.mirroring ? 1 : 0) +
              (service.failover ? 1 : 0) + (service.highest_random_weight ? 1 : 0);
  const std::string effect = fmt::format("service {} cannot be used", name);
  bool complete = true;
  for (const std::string& child : children_of(service)) {
    built.children.push_back(find(qualify(child, owned.provider), service.source, effect));
    complete = complete && built.children.back() != nullptr;
  }
  // Without one of its middlewares it would be another service, perhaps an unprotected one.
  complete =
      middlewares_->append(built.middlewares, service.middlewares, owned.provider, service.source, effect) && complete;
  auto last = last_.find(name);
  if (complete && last != last_.end() && last->second.definition == service &&
      last->second.transport == built.transport && last->second.children == built.children &&
      last->second.middlewares == built.middlewares) {
    building_.erase(name);
    report_->insert(report_->end(), last->second.report.begin(), last->second.report.end());
    return built_.insert(last_.extract(last)).position->second;
  }
  built.definition = service;
  if (types != 1) {
    built.report.push_back(problem(
        code::kServiceType,
        types == 0 ? fmt::format("service {} has no type", name) : fmt::format("service {} has {} types", name, types),
        service.source, "the service cannot be used",
        "give it exactly one of loadBalancer, weighted, mirroring, failover and "
        "highestRandomWeight"));
  } else if (complete) {
    if (service.load_balancer) {
      build_load_balancer(name, *service.load_balancer, tls, built);
    } else if (service.weighted) {
      build_weighted(name, *service.weighted, built);
    } else if (service.highest_random_weight) {
      build_highest_random_weight(*service.highest_random_weight, built);
    } else if (service.mirroring) {
      build_mirroring(name, *service.mirroring, built);
    } else {
      build_failover(name, *service.failover, owned.provider, built);
    }
    put_middlewares_around(built);
  }
  building_.erase(name);
  report_->insert(report_->end(), built.report.begin(), built.report.end());
  return built_.emplace(name, std::move(built)).first->second;
}

bool ServiceBuilder::can_check(const std::string& name, const config::HealthCheck& settings, Built& built) const {
  HealthFault fault = fault_of(settings);
  if (fault.what.empty()) return true;
  built.report.push_back(
      problem(code::kHealthCheck, fmt::format("the health check of service {}: {}", name, fault.what),
              built.definition.source, "its servers are not checked and get requests", std::string(fault.fix)));
  return false;
}

std::shared_ptr<proxy::Strategy> ServiceBuilder::strategy_of(const std::string& key, const std::string& kind,
                                                             proxy::Choices choices) {
  return registry_.get<proxy::Strategy>(kind + ' ' + key, [&]() -> std::shared_ptr<proxy::Strategy> {
    if (kind == "p2c") return proxy::make_two_choices(std::move(choices));
    if (kind == "hrw") return proxy::make_highest_random_weight(std::move(choices));
    if (kind == "leasttime") return proxy::make_least_time(std::move(choices));
    return std::make_shared<proxy::WeightedPositions>(choices.workers, std::move(choices.weights));
  });
}

// How health checks speak TLS: as the transport says.
rest::Tls ServiceBuilder::tls_of_checks(const ClientTlsSettings& settings) {
  rest::Tls tls;
  tls.insecure_skip_verify = settings.insecure_skip_verify;
  for (const std::string& file : settings.root_cas) {
    std::string text = tls_.authorities(file).text;
    std::size_t begin = text.find("-----BEGIN");
    if (begin != std::string::npos) tls.ca += text.substr(begin) + '\n';
  }
  if (!settings.certificates.empty()) {
    tls.certificate = settings.certificates.front().cert_file;
    tls.key = settings.certificates.front().key_file;
  }
  return tls;
}

void ServiceBuilder::build_load_balancer(const std::string& name, const config::LoadBalancer& settings,
                                         const ClientTlsSettings& tls, Built& built) {
  std::vector<proxy::LoadBalancer::Server> servers;
  proxy::Choices choices;
  choices.workers = workers_;
  std::string key = name;
  std::set<std::string_view> seen;
  bool active = settings.health_check && can_check(name, *settings.health_check, built);
  bool passive = settings.passive_health_check.has_value();
  for (const config::Server& server : settings.servers) {
    if (!seen.insert(server.url).second) continue;  // a server named twice counts once
    Result<proxy::ServerUrl> url = proxy::ServerUrl::parse(server.url);
    std::string_view wrong;
    if (!url) {
      wrong = url.error().text;
    } else if (url->scheme == proxy::ServerUrl::Scheme::https && built.transport.tls == nullptr) {
      wrong = "TLS to it cannot be verified as its serversTransport says";
    } else if (server.weight.value_or(1) < 0) {
      wrong = "a weight is at least 0";
    }
    if (!wrong.empty()) {
      built.report.push_back(problem(code::kServer, fmt::format("server {} of service {}: {}", server.url, name, wrong),
                                     built.definition.source, "the server gets no requests",
                                     "write it as http://host:port, https://host:port or h2c://host:port"));
      continue;
    }
    std::shared_ptr<const proxy::Endpoint> endpoint = registry_.get<const proxy::Endpoint>(
        proxy::Endpoint::key(server.url, built.transport),
        [&] { return std::make_shared<const proxy::Endpoint>(*url, built.transport, server.url); });
    std::shared_ptr<proxy::ServerHealth> health;
    if (active || passive || settings.slow_start > 0s) {
      std::string checked = health_key(name, server.url, settings);
      health = registry_.get<proxy::ServerHealth>(checked,
                                                  [] { return std::make_shared<proxy::ServerHealth>(Time::now()); });
      built.health[server.url] = health;
      if (active) {
        built.health_targets.push_back(
            {std::move(checked), name, endpoint, *settings.health_check, tls_of_checks(tls), tls.server_name, health});
      }
    }
    built.endpoints.push_back(endpoint);
    servers.push_back({endpoint, server.preserve_path, std::move(health)});
    choices.names.push_back(server.url);
    choices.weights.push_back(static_cast<double>(server.weight.value_or(1)));
    key += fmt::format(" {}*{}", server.url, server.weight.value_or(1));
  }
  proxy::LoadBalancer::Options options;
  options.name = name;
  options.pass_host_header = settings.pass_host_header;
  options.slow_start = settings.slow_start;
  // The client's address decides with hrw, whatever a cookie says.
  if (settings.sticky && settings.strategy != "hrw") {
    options.sticky.emplace(cookie_of(settings.sticky->cookie, name), choices.names);
  }
  if (passive) {
    options.passive = {
        settings.passive_health_check->failure_window,
        static_cast<std::uint32_t>(std::max<std::int64_t>(1, settings.passive_health_check->max_failed_attempts))};
  }
  bool empty = servers.empty();
  built.handler = std::make_shared<proxy::LoadBalancer>(std::move(options), std::move(servers),
                                                        strategy_of(key, settings.strategy, std::move(choices)));
  if (settings.parking_time <= 0s) return;
  built.parking = registry_.get<proxy::ParkingLot>(name, [] { return std::make_shared<proxy::ParkingLot>(); });
  built.parking->set(empty ? nullptr : built.handler);
  if (empty) built.handler = std::make_shared<proxy::Parked>(built.handler, built.parking, settings.parking_time);
}

proxy::TransportSettings ServiceBuilder::transport_of(const config::HttpService& service, std::string_view provider,
                                                      ClientTlsSettings& tls, config::Report& report) {
  if (!service.load_balancer) return default_transport_;
  const config::LoadBalancer& balancer = *service.load_balancer;
  bool secure = std::any_of(balancer.servers.begin(), balancer.servers.end(),
                            [](const config::Server& server) { return istarts_with(server.url, "https:"); });
  std::string name =
      balancer.servers_transport.empty() ? kDefaultTransport : qualify(balancer.servers_transport, provider);
  auto found = merged_->transports.find(name);
  if (name != kDefaultTransport && found == merged_->transports.end()) {
    std::vector<std::string> known{kDefaultTransport};
    for (const auto& [other, transport] : merged_->transports) known.push_back(other);
    // Whom to trust is part of a transport: with TLS, another one is no substitute.
    report.push_back(
        unknown_reference("serversTransport", name, known, service.source,
                          secure ? "servers over TLS get no requests" : "the service uses the default transport"));
    return default_transport_;
  }
  proxy::TransportSettings settings = default_transport_;
  tls.alpn = {"h2", "http/1.1"};
  if (name == kDefaultTransport) {
    tls.insecure_skip_verify = static_transport_.insecure_skip_verify;
    tls.root_cas = static_transport_.root_cas;
    if (secure) settings.tls = tls_.client_context(name, tls, service.source);
    return settings;
  }
  const config::ServersTransport& transport = *found->second.object;
  const config::ForwardingTimeouts& timeouts = transport.forwarding_timeouts;
  settings = settings_of(timeouts.dial_timeout, timeouts.response_header_timeout, timeouts.idle_conn_timeout,
                         transport.max_idle_conns_per_host);
  settings.read_idle_timeout = timeouts.read_idle_timeout;
  settings.ping_timeout = timeouts.ping_timeout;
  if (transport.disable_http2) tls.alpn = {"http/1.1"};
  tls.server_name = transport.server_name;
  tls.insecure_skip_verify = transport.insecure_skip_verify;
  tls.root_cas = transport.root_cas;
  tls.certificates = transport.certificates;
  tls.peer_uri = transport.peer_cert_uri;
  tls.peer_sans = transport.peer_cert_sans;
  tls.protocol = {transport.min_version, transport.max_version, transport.cipher_suites, {}};
  if (secure) settings.tls = tls_.client_context(name, tls, transport.source);
  return settings;
}

std::vector<std::shared_ptr<const proxy::Endpoint>> ServiceBuilder::finish() {
  for (const auto& [name, service] : merged_->services) build(name, service);
  last_.clear();
  std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints;
  for (const auto& [name, built] : built_) {
    endpoints.insert(endpoints.end(), built.endpoints.begin(), built.endpoints.end());
  }
  return endpoints;
}

const proxy::ServerHealth* ServiceBuilder::health_of(const std::string& service, const std::string& url) const {
  auto built = built_.find(service);
  if (built == built_.end()) return nullptr;
  auto health = built->second.health.find(url);
  return health == built->second.health.end() ? nullptr : health->second.get();
}

std::vector<HealthTarget> ServiceBuilder::health_targets() const {
  std::vector<HealthTarget> targets;
  for (const auto& [name, built] : built_) {
    targets.insert(targets.end(), built.health_targets.begin(), built.health_targets.end());
  }
  return targets;
}

}  // namespace sluice::control
