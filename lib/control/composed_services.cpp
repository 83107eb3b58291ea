// The services of services: which requests go to which of several others.
#include <fmt/format.h>

#include <algorithm>

#include "control/middleware_builder.h"
#include "control/problems.h"
#include "control/service_builder.h"
#include "control/service_names.h"
#include "proxy/answering.h"
#include "proxy/failover.h"
#include "proxy/mirroring.h"
#include "proxy/weighted.h"

namespace sluice::control {
namespace {

constexpr std::size_t kMostMirrors = 64;

proxy::Choices choices_of(const std::vector<config::WeightedService>& services, unsigned workers) {
  proxy::Choices choices;
  choices.workers = workers;
  for (const config::WeightedService& service : services) {
    choices.names.push_back(service.name);
    choices.weights.push_back(static_cast<double>(service.weight.value_or(1)));
  }
  return choices;
}

}  // namespace

void ServiceBuilder::build_weighted(const std::string& name, const config::Weighted& settings, Built& built) {
  proxy::Choices choices = choices_of(settings.services, workers_);
  std::string key = name;
  for (const config::WeightedService& child : settings.services) {
    key += fmt::format(" {}*{}", child.name, child.weight.value_or(1));
  }
  std::optional<proxy::Sticky> sticky;
  if (settings.sticky) sticky.emplace(cookie_of(settings.sticky->cookie, name), choices.names);
  built.handler = std::make_shared<proxy::Weighted>(built.children, strategy_of(key, "wrr", std::move(choices)),
                                                    std::move(sticky), settings.health_check.has_value());
}

void ServiceBuilder::build_highest_random_weight(const config::HighestRandomWeight& settings, Built& built) {
  built.handler = std::make_shared<proxy::Weighted>(
      built.children, proxy::make_highest_random_weight(choices_of(settings.services, workers_)), std::nullopt,
      settings.health_check.has_value());
}

void ServiceBuilder::build_mirroring(const std::string& name, const config::Mirroring& settings, Built& built) {
  auto refuse = [&](std::string what, std::string fix) {
    built.report.push_back(problem(code::kServiceType, std::move(what), built.definition.source,
                                   "the service cannot be used", std::move(fix)));
  };
  if (settings.mirrors.size() > kMostMirrors) {
    return refuse(fmt::format("service {} has {} mirrors", name, settings.mirrors.size()),
                  fmt::format("use at most {}", kMostMirrors));
  }
  std::vector<proxy::Mirroring::Mirror> mirrors;
  for (std::size_t i = 0; i < settings.mirrors.size(); ++i) {
    const config::Mirror& mirror = settings.mirrors[i];
    if (mirror.percent < 0 || mirror.percent > 100) {
      return refuse(
          fmt::format("service {} mirrors {} percent of its requests to {}", name, mirror.percent, mirror.name),
          "write a percent from 0 to 100");
    }
    mirrors.push_back({built.children[i + 1], mirror.name, static_cast<unsigned>(mirror.percent)});
  }
  auto state =
      registry_.get<proxy::Mirroring::State>(name, [&] { return std::make_shared<proxy::Mirroring::State>(workers_); });
  built.handler =
      std::make_shared<proxy::Mirroring>(proxy::Mirroring::Options{name, settings.mirror_body, settings.max_body_size},
                                         built.children.front(), std::move(mirrors), std::move(state));
}

void ServiceBuilder::build_failover(const std::string& name, const config::Failover& settings,
                                    std::string_view provider, Built& built) {
  std::optional<proxy::Failover::Errors> errors;
  if (settings.errors && !settings.errors->status.empty()) {
    proxy::Failover::Errors read;
    read.max_request_body_bytes = settings.errors->max_request_body_bytes;
    std::string wrong;
    if (!read.status.parse(settings.errors->status, wrong)) {
      built.report.push_back(problem(code::kServiceType, fmt::format("service {}: errors: {}", name, wrong),
                                     built.definition.source, "the service cannot be used", "correct it"));
      return;
    }
    errors = std::move(read);
  }
  auto first = merged_->services.find(qualify(settings.service, provider));
  const config::LoadBalancer* balancer = first == merged_->services.end() || !first->second.object->load_balancer
                                             ? nullptr
                                             : &*first->second.object->load_balancer;
  if (!errors && balancer != nullptr && !balancer->health_check && !balancer->passive_health_check) {
    built.report.push_back(problem(
        code::kHealthCheck,
        fmt::format("service {} falls back when {} is down, and nothing checks whether it is", name, settings.service),
        built.definition.source, "the fallback gets requests only while the other has no servers at all",
        fmt::format("give {} a healthCheck, or this service errors.status", settings.service),
        config::Severity::warning));
  }
  built.handler = std::make_shared<proxy::Failover>(built.children[0], built.children[1], std::move(errors));
}

// The names that a service refers to, in the order of Built::children.
std::vector<std::string> ServiceBuilder::children_of(const config::HttpService& service) {
  std::vector<std::string> names;
  auto add_all = [&](const std::vector<config::WeightedService>& services) {
    for (const config::WeightedService& child : services) names.push_back(child.name);
  };
  if (service.weighted) add_all(service.weighted->services);
  if (service.highest_random_weight) add_all(service.highest_random_weight->services);
  if (service.mirroring) {
    names.push_back(service.mirroring->service);
    for (const config::Mirror& mirror : service.mirroring->mirrors) names.push_back(mirror.name);
  }
  if (service.failover) names.insert(names.end(), {service.failover->service, service.failover->fallback});
  return names;
}

// Around a service that is built. What fails behind them is a response by then, as for the middlewares of a router.
void ServiceBuilder::put_middlewares_around(Built& built) {
  if (built.handler == nullptr || built.middlewares.empty()) return;
  built.handler = proxy::chain(built.middlewares, std::make_shared<proxy::Answering>(built.handler));
}

}  // namespace sluice::control
