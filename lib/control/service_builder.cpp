#include "control/service_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "control/problems.h"
#include "proxy/load_balancer.h"
#include "proxy/weighted.h"
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

proxy::Choices choices_of(const std::vector<config::WeightedService>& services, unsigned workers) {
  proxy::Choices choices;
  choices.workers = workers;
  for (const config::WeightedService& service : services) {
    choices.names.push_back(service.name);
    choices.weights.push_back(static_cast<double>(service.weight.value_or(1)));
  }
  return choices;
}

proxy::Sticky::Cookie cookie_of(const config::Cookie& cookie, const std::string& service) {
  std::string name =
      cookie.name.empty() ? proxy::Sticky::default_name(service) : proxy::Sticky::sanitized_name(cookie.name);
  return {std::move(name), cookie.secure, cookie.http_only, cookie.same_site,
          cookie.max_age,  cookie.path,   cookie.domain};
}

// Everything the health of a server depends on: a change of it begins anew.
std::string health_key(const std::string& service, const std::string& url, const config::LoadBalancer& settings) {
  std::string key = service + ' ' + url;
  if (settings.health_check) {
    const config::HealthCheck& check = *settings.health_check;
    key += fmt::format(" active {} {} {} {} {} {} {} {} {} {} {}", check.scheme, check.mode, check.path, check.method,
                       check.status, check.port, check.interval.count(),
                       check.unhealthy_interval.value_or(check.interval).count(), check.timeout.count(), check.hostname,
                       check.follow_redirects);
    for (const auto& [name, value] : check.headers) key += fmt::format(" {}: {}", name, value);
  }
  if (settings.passive_health_check) {
    key += fmt::format(" passive {} {}", settings.passive_health_check->failure_window.count(),
                       settings.passive_health_check->max_failed_attempts);
  }
  return key;
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

void ServiceBuilder::begin(const Merged& merged, config::Report& report) {
  merged_ = &merged;
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
  built.definition = service;
  built.transport = transport_of(service, owned.provider, *report_);
  int types = (service.load_balancer ? 1 : 0) + (service.weighted ? 1 : 0) + (service.mirroring ? 1 : 0) +
              (service.failover ? 1 : 0) + (service.highest_random_weight ? 1 : 0);
  const std::vector<config::WeightedService>* parts = service.weighted ? &service.weighted->services
                                                      : service.highest_random_weight
                                                          ? &service.highest_random_weight->services
                                                          : nullptr;
  if (parts != nullptr) {
    for (const config::WeightedService& child : *parts) {
      std::string child_name = qualify(child.name, owned.provider);
      built.children.push_back(find(child_name, service.source, fmt::format("service {} cannot be used", name)));
    }
  }
  auto last = last_.find(name);
  if (last != last_.end() && last->second.definition == service && last->second.transport == built.transport &&
      last->second.children == built.children) {
    built = std::move(last->second);
  } else if (types != 1) {
    built.report.push_back(problem(
        code::kServiceType,
        types == 0 ? fmt::format("service {} has no type", name) : fmt::format("service {} has {} types", name, types),
        service.source, "the service cannot be used",
        "give it exactly one of loadBalancer, weighted, mirroring, failover and "
        "highestRandomWeight"));
  } else if (service.load_balancer) {
    build_load_balancer(name, *service.load_balancer, built);
  } else if (service.weighted) {
    build_weighted(name, *service.weighted, built);
  } else if (service.highest_random_weight) {
    build_highest_random_weight(*service.highest_random_weight, built);
  } else {
    built.report.push_back(problem(code::kServiceType, fmt::format("the type of service {} is not supported yet", name),
                                   service.source, "the service cannot be used",
                                   "use loadBalancer, weighted or highestRandomWeight"));
  }
  building_.erase(name);
  report_->insert(report_->end(), built.report.begin(), built.report.end());
  return built_.emplace(name, std::move(built)).first->second;
}

bool ServiceBuilder::can_check(const std::string& name, const config::HealthCheck& settings, Built& built) const {
  std::string_view wrong;
  std::string_view fix;
  if (settings.path.empty()) {
    wrong = "it has no path";
    fix = "add a path, for example /health";
  } else if (settings.path.find("://") != std::string::npos) {
    wrong = "its path is a whole URL";
    fix = "write the path alone; scheme, hostname and port have options of their own";
  } else if (settings.mode != "http") {
    wrong = "only the mode http is supported yet";
    fix = "use the mode http";
  } else if (settings.interval <= 0s || settings.timeout <= 0s || settings.unhealthy_interval.value_or(1s) <= 0s) {
    wrong = "interval, unhealthyInterval and timeout are longer than 0";
    fix = "write durations like 10s";
  }
  if (wrong.empty()) return true;
  built.report.push_back(problem(code::kHealthCheck, fmt::format("the health check of service {}: {}", name, wrong),
                                 built.definition.source, "its servers are not checked and get requests",
                                 std::string(fix)));
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

void ServiceBuilder::build_load_balancer(const std::string& name, const config::LoadBalancer& settings, Built& built) {
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
    if (active || passive) {
      std::string checked = health_key(name, server.url, settings);
      health = registry_.get<proxy::ServerHealth>(checked, [] { return std::make_shared<proxy::ServerHealth>(); });
      if (active) {
        built.health_targets.push_back({std::move(checked), name, endpoint, *settings.health_check, health});
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

void ServiceBuilder::build_weighted(const std::string& name, const config::Weighted& settings, Built& built) {
  proxy::Choices choices = choices_of(settings.services, workers_);
  std::string key = name;
  for (const config::WeightedService& child : settings.services) {
    key += fmt::format(" {}*{}", child.name, child.weight.value_or(1));
  }
  for (const auto& child : built.children) {
    if (child == nullptr) return;  // reported by find
  }
  std::optional<proxy::Sticky> sticky;
  if (settings.sticky) sticky.emplace(cookie_of(settings.sticky->cookie, name), choices.names);
  built.handler = std::make_shared<proxy::Weighted>(built.children, strategy_of(key, "wrr", std::move(choices)),
                                                    std::move(sticky), settings.health_check.has_value());
}

void ServiceBuilder::build_highest_random_weight(const config::HighestRandomWeight& settings, Built& built) {
  for (const auto& child : built.children) {
    if (child == nullptr) return;  // reported by find
  }
  built.handler = std::make_shared<proxy::Weighted>(
      built.children, proxy::make_highest_random_weight(choices_of(settings.services, workers_)), std::nullopt,
      settings.health_check.has_value());
}

proxy::TransportSettings ServiceBuilder::transport_of(const config::HttpService& service, std::string_view provider,
                                                      config::Report& report) {
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
  ClientTlsSettings tls;
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

std::vector<HealthTarget> ServiceBuilder::health_targets() const {
  std::vector<HealthTarget> targets;
  for (const auto& [name, built] : built_) {
    targets.insert(targets.end(), built.health_targets.begin(), built.health_targets.end());
  }
  return targets;
}

}  // namespace sluice::control
