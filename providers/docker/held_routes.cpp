#include "providers/docker/held_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "providers/docker/problem_codes.h"

namespace sluice::providers::docker {

void HeldRoutes::keep(const Contribution& last) {
  if (grace_ <= 0s || held_.size() >= kMost) return;
  Held held;
  held.owner = last.owner;
  held.http.middlewares = last.dynamic.http.middlewares;
  for (const auto& [name, service] : last.dynamic.http.services) {
    if (!service.load_balancer) continue;
    config::HttpService& empty = held.http.services[name] = service;
    empty.load_balancer->servers.clear();
  }
  // Routers that lead elsewhere (api@internal, a service of a file) go with their container.
  for (const auto& [name, router] : last.dynamic.http.routers) {
    if (!held.http.services.contains(router.service)) continue;
    held.http.routers[name] = router;
    held.http.routers[name].priority = kPriority;
  }
  if (!held.http.routers.empty()) held_.insert_or_assign(last.container, std::move(held));
}

void HeldRoutes::release(std::string_view container) {
  if (auto found = held_.find(container); found != held_.end()) held_.erase(found);
}

void HeldRoutes::begin(Time now) {
  for (auto& [container, held] : held_) {
    if (held.until == Time()) held.until = now + grace_;
  }
}

bool HeldRoutes::expire(Time now) {
  return std::erase_if(
             held_, [&](const auto& entry) { return entry.second.until != Time() && entry.second.until <= now; }) > 0;
}

Time HeldRoutes::next_expiry() const {
  Time next = Time::never();
  for (const auto& [container, held] : held_) {
    if (held.until != Time()) next = std::min(next, held.until);
  }
  return next;
}

void HeldRoutes::add_to(config::Dynamic& merged, config::Report& report) const {
  std::set<std::string_view> present;
  for (const auto& [name, service] : merged.http.services) present.insert(name);
  config::Http added;
  for (const auto& [container, held] : held_) {
    bool used = false;
    for (const auto& [name, router] : held.http.routers) {
      if (merged.http.routers.contains(name) || present.contains(router.service)) continue;
      added.routers.emplace(name, router);
      added.services.emplace(router.service, held.http.services.at(router.service));
      used = true;
    }
    if (!used) continue;
    for (const auto& [name, middleware] : held.http.middlewares) added.middlewares.emplace(name, middleware);
    config::Problem problem;
    problem.severity = config::Severity::info;
    problem.code = code::kHeld;
    problem.what = "it has ended";
    problem.source = config::Source{held.owner};
    problem.effect = fmt::format("its routes are answered 503 for {}, unless another container takes them over",
                                 format_duration(grace_));
    problem.fix = "providers.docker.routeGraceTime=0s ends them at once";
    report.push_back(std::move(problem));
  }
  merged.http.routers.merge(added.routers);
  merged.http.services.merge(added.services);
  merged.http.middlewares.merge(added.middlewares);
}

}  // namespace sluice::providers::docker
