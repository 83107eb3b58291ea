// udp_services.h: UDP services of the configuration to objects. What did not change is the same object from one build
// to the next. Control thread only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "control/merged.h"
#include "control/registry.h"
#include "proxy/udp_services.h"

namespace sluice::control {

class UdpServices {
 public:
  UdpServices(unsigned workers, Registry& registry) : workers_(workers), registry_(registry) {}

  // Starts a build. `merged` and `report` must live until `finish`.
  void begin(const Merged& merged, config::Report& report);
  // The service of a qualified name; null when it does not exist or cannot be built, which has been reported.
  std::shared_ptr<const proxy::UdpService> find(const std::string& name, const config::Source& referrer,
                                                const std::string& effect);
  // Builds what nobody referred to as well, so that its problems are seen.
  void finish();

 private:
  struct Built {
    config::UdpService definition;
    std::vector<std::shared_ptr<const proxy::UdpService>> children;
    std::shared_ptr<const proxy::UdpService> service;
    config::Report report;
  };

  const Built& build(const std::string& name, const Owned<config::UdpService>& owned);
  void build_load_balancer(const std::string& name, const config::UdpLoadBalancer& settings, Built& built);
  void build_weighted(const std::string& name, const config::UdpWeighted& settings, Built& built);
  std::shared_ptr<proxy::WeightedPositions> positions(const std::string& key, const std::vector<double>& weights);

  unsigned workers_;
  Registry& registry_;
  const Merged* merged_ = nullptr;
  config::Report* report_ = nullptr;
  std::map<std::string, Built> built_;
  std::map<std::string, Built> last_;
  std::set<std::string> building_;
};

}  // namespace sluice::control
