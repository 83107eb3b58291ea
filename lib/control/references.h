// references.h: which objects of a configuration are named by others.
#pragma once

#include <set>
#include <string>

#include "config/static_config.h"
#include "control/merged.h"

namespace sluice::control {

// Qualified names, whether or not they exist.
struct References {
  References(const config::Static& configuration, const Merged& merged);

  std::set<std::string> services;
  std::set<std::string> middlewares;
  std::set<std::string> tcp_services;
  std::set<std::string> tcp_middlewares;
  std::set<std::string> udp_services;

 private:
  void of_service(const config::HttpService& service, std::string_view provider);
};

}  // namespace sluice::control
