#include "control/references.h"

namespace sluice::control {

References::References(const config::Static& configuration, const Merged& merged) {
  for (const auto& [name, entry_point] : configuration.entry_points) {
    for (const std::string& one : entry_point.http.middlewares) middlewares.insert(qualify(one, "internal"));
  }
  for (const auto& [name, owned] : merged.routers) {
    services.insert(qualify(owned.object->service, owned.provider));
    for (const std::string& one : owned.object->middlewares) middlewares.insert(qualify(one, owned.provider));
  }
  for (const auto& [name, owned] : merged.services) of_service(*owned.object, owned.provider);
  for (const auto& [name, owned] : merged.middlewares) {
    const config::Middleware& middleware = *owned.object;
    if (middleware.chain) {
      for (const std::string& one : middleware.chain->middlewares) middlewares.insert(qualify(one, owned.provider));
    }
    if (middleware.errors) services.insert(qualify(middleware.errors->service, owned.provider));
  }
  for (const auto& [name, owned] : merged.tcp_routers) {
    tcp_services.insert(qualify(owned.object->service, owned.provider));
    for (const std::string& one : owned.object->middlewares) tcp_middlewares.insert(qualify(one, owned.provider));
  }
  for (const auto& [name, owned] : merged.tcp_services) {
    if (!owned.object->weighted) continue;
    for (const config::WeightedService& child : owned.object->weighted->services) {
      tcp_services.insert(qualify(child.name, owned.provider));
    }
  }
  for (const auto& [name, owned] : merged.udp_routers)
    udp_services.insert(qualify(owned.object->service, owned.provider));
  for (const auto& [name, owned] : merged.udp_services) {
    if (!owned.object->weighted) continue;
    for (const config::WeightedService& child : owned.object->weighted->services) {
      udp_services.insert(qualify(child.name, owned.provider));
    }
  }
}

void References::of_service(const config::HttpService& service, std::string_view provider) {
  for (const std::string& one : service.middlewares) middlewares.insert(qualify(one, provider));
  if (service.weighted) {
    for (const config::WeightedService& child : service.weighted->services) {
      services.insert(qualify(child.name, provider));
    }
  }
  if (service.highest_random_weight) {
    for (const config::WeightedService& child : service.highest_random_weight->services) {
      services.insert(qualify(child.name, provider));
    }
  }
  if (service.mirroring) {
    services.insert(qualify(service.mirroring->service, provider));
    for (const config::Mirror& mirror : service.mirroring->mirrors) services.insert(qualify(mirror.name, provider));
  }
  if (service.failover) {
    services.insert(qualify(service.failover->service, provider));
    services.insert(qualify(service.failover->fallback, provider));
  }
}

}  // namespace sluice::control
