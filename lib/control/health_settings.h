// health_settings.h: what a service's options say about the health of its servers. Plain functions.
#pragma once

#include <string>
#include <string_view>

#include "config/dynamic_http.h"

namespace sluice::control {

// Everything the health of a server depends on: a change of it begins anew.
std::string health_key(const std::string& service, const std::string& url, const config::LoadBalancer& settings);

struct HealthFault {
  std::string_view what;  // empty: the check can be made
  std::string_view fix;
};
HealthFault fault_of(const config::HealthCheck& settings);

}  // namespace sluice::control
