// tcp_services.h: TCP services of the configuration to handlers. What did not change keeps its handler from one build
// to the next. Control thread only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/static_config.h"
#include "control/merged.h"
#include "control/registry.h"
#include "control/tcp_health_checks.h"
#include "control/tls_builder.h"
#include "proxy/tcp_services.h"

namespace sluice::control {

class TcpServices {
 public:
  TcpServices(unsigned workers, const config::Static& configuration, Registry& registry, TlsBuilder& tls)
      : workers_(workers), configuration_(configuration), registry_(registry), tls_(tls) {}

  // Starts a build. `merged` and `report` must live until `finish`.
  void begin(const Merged& merged, config::Report& report);
  // The handler of a qualified name; null when it does not exist or cannot be built, which has been reported.
  std::shared_ptr<const proxy::TcpHandler> find(const std::string& name, const config::Source& referrer,
                                                const std::string& effect);
  // Builds what nobody referred to as well, so that its problems are seen.
  void finish();
  // After `finish`: the servers whose health is to be checked.
  std::vector<TcpHealthTarget> health_targets() const;

 private:
  struct Built {
    config::TcpService definition;
    proxy::TcpTransport transport;
    bool usable = true;  // the transport
    std::vector<TcpHealthTarget> health_targets;
    std::vector<std::shared_ptr<const proxy::TcpHandler>> children;
    std::shared_ptr<const proxy::TcpHandler> handler;
    config::Report report;
  };

  const Built& build(const std::string& name, const Owned<config::TcpService>& owned);
  void build_load_balancer(const std::string& name, const config::TcpLoadBalancer& settings, Built& built);
  void build_weighted(const std::string& name, const config::TcpWeighted& settings, Built& built);
  void set_transport(const std::string& name, const Owned<config::TcpService>& owned, Built& built);
  void set_deprecated(const std::string& name, const config::TcpLoadBalancer& settings, Built& built);
  void set_proxy_protocol(const std::string& whose, std::int64_t version, Built& built);
  void set_default_transport(const config::TcpService& service, Built& built);
  // What is wrong with a health check; then it is reported, and the servers count as healthy.
  static bool can_check(const std::string& name, const config::TcpHealthCheck& settings, Built& built);
  std::shared_ptr<proxy::WeightedPositions> positions(const std::string& key, const std::vector<double>& weights);

  unsigned workers_;
  const config::Static& configuration_;
  Registry& registry_;
  TlsBuilder& tls_;
  const Merged* merged_ = nullptr;
  config::Report* report_ = nullptr;
  std::map<std::string, Built> built_;
  std::map<std::string, Built> last_;
  std::set<std::string> building_;
};

}  // namespace sluice::control
