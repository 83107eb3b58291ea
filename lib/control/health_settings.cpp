#include "control/health_settings.h"

#include <fmt/format.h>

namespace sluice::control {

std::string health_key(const std::string& service, const std::string& url, const config::LoadBalancer& settings) {
  std::string key = service + ' ' + url;
  if (settings.health_check) {
    const config::HealthCheck& check = *settings.health_check;
    key += fmt::format(" active {} {} {} {} {} {} {} {} {} {} {} {}", check.scheme, check.mode, check.path,
                       check.method, check.status, check.port, check.interval.count(),
                       check.unhealthy_interval.value_or(check.interval).count(), check.timeout.count(), check.hostname,
                       check.follow_redirects, settings.servers_transport);
    for (const auto& [name, value] : check.headers) key += fmt::format(" {}: {}", name, value);
  }
  if (settings.passive_health_check) {
    key += fmt::format(" passive {} {}", settings.passive_health_check->failure_window.count(),
                       settings.passive_health_check->max_failed_attempts);
  }
  return key;
}

HealthFault fault_of(const config::HealthCheck& settings) {
  bool grpc = settings.mode == "grpc";
  if (settings.path.empty() && !grpc) return {"it has no path", "add a path, for example /health"};
  if (settings.path.find("://") != std::string::npos) {
    return {"its path is a whole URL", "write the path alone; scheme, hostname and port have options of their own"};
  }
  if (!grpc && settings.mode != "http") return {"its mode is neither http nor grpc", "use one of the two"};
  if (settings.interval <= 0s || settings.timeout <= 0s || settings.unhealthy_interval.value_or(1s) <= 0s) {
    return {"interval, unhealthyInterval and timeout are longer than 0", "write durations like 10s"};
  }
  return {};
}

}  // namespace sluice::control
