// udp_services.h: UDP services of the configuration to objects. What did not change is the same object from one build
// to the next. Control thread only.
#pragma once

#include "control/stream_services.h"
#include "proxy/udp_services.h"

namespace sluice::control {

struct UdpKind {
  using Service = config::UdpService;
  using LoadBalancer = config::UdpLoadBalancer;
  using Weighted = config::UdpWeighted;
  using Handler = proxy::UdpService;
  struct Extra {
    friend bool same(const Extra&, const Extra&) { return true; }
  };
  static constexpr std::string_view kName = "UDP";
  static constexpr std::string_view kPrefix = "udp";
  static const auto& all(const Merged& merged) { return merged.udp_services; }
};

class UdpServices final : public StreamServices<UdpKind> {
 public:
  UdpServices(unsigned workers, Registry& registry) : StreamServices(workers, registry) {}

 private:
  void prepare(const std::string&, const Owned<config::UdpService>&, Built&) override {}
  void build_load_balancer(const std::string& name, const config::UdpLoadBalancer& settings, Built& built) override;
  Handler weighted(const config::UdpWeighted& settings, std::vector<Handler> children,
                   std::shared_ptr<proxy::WeightedPositions> positions) override;
};

}  // namespace sluice::control
