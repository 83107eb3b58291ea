// service_builder.h: services of the configuration to handlers. A service whose definition did not change keeps its
// handler from one build to the next.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/static_config.h"
#include "control/health_checks.h"
#include "control/merged.h"
#include "control/registry.h"
#include "control/tls_builder.h"
#include "proxy/endpoint.h"
#include "proxy/handler.h"
#include "proxy/parking.h"
#include "proxy/strategy.h"

namespace sluice::control {

class MiddlewareBuilder;

class ServiceBuilder {
 public:
  // `internal` are services by qualified name that no configuration defines (ping@internal).
  ServiceBuilder(unsigned workers, const config::Static& configuration,
                 std::map<std::string, std::shared_ptr<const proxy::Handler>> internal, Registry& registry,
                 TlsBuilder& tls);

  // Starts a build. All must live until `finish`; `middlewares`, which services may have around them, has begun its
  // own.
  void begin(const Merged& merged, MiddlewareBuilder& middlewares, config::Report& report);
  // The handler of a qualified name; null when it does not exist or cannot be built, which has been reported once.
  // `effect` of the report about a missing one says what becomes of whoever refers to it.
  std::shared_ptr<const proxy::Handler> find(const std::string& name, const config::Source& referrer,
                                             const std::string& effect);
  // Builds what nobody referred to as well, so that its problems are seen. Ends the build: what it used is kept for the
  // next one. Gives all endpoints in use.
  std::vector<std::shared_ptr<const proxy::Endpoint>> finish();
  // After `finish`: the servers whose health is to be checked.
  std::vector<HealthTarget> health_targets() const;
  // Of a server of the last build; null when nobody watches it.
  const proxy::ServerHealth* health_of(const std::string& service, const std::string& url) const;

 private:
  struct Built {
    config::HttpService definition;
    proxy::TransportSettings transport;
    std::vector<std::shared_ptr<const proxy::Handler>> children;
    std::vector<std::shared_ptr<const proxy::Middleware>> middlewares;  // around the service
    std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints;
    std::vector<HealthTarget> health_targets;
    std::map<std::string, std::shared_ptr<const proxy::ServerHealth>> health;  // by URL
    std::shared_ptr<const proxy::Handler> handler;
    std::shared_ptr<proxy::ParkingLot> parking;  // null: nobody waits for a server
    config::Report report;
  };

  const Built& build(const std::string& name, const Owned<config::HttpService>& owned);
  void build_load_balancer(const std::string& name, const config::LoadBalancer& settings, const ClientTlsSettings& tls,
                           Built& built);
  void build_weighted(const std::string& name, const config::Weighted& settings, Built& built);
  void build_highest_random_weight(const config::HighestRandomWeight& settings, Built& built);
  void build_mirroring(const std::string& name, const config::Mirroring& settings, Built& built);
  void build_failover(const std::string& name, const config::Failover& settings, std::string_view provider,
                      Built& built);
  static std::vector<std::string> children_of(const config::HttpService& service);
  static void put_middlewares_around(Built& built);
  rest::Tls tls_of_checks(const ClientTlsSettings& settings);
  // What is wrong with a health check; then it is reported, and the servers count as healthy.
  bool can_check(const std::string& name, const config::HealthCheck& settings, Built& built) const;
  std::shared_ptr<proxy::Strategy> strategy_of(const std::string& key, const std::string& kind, proxy::Choices choices);
  proxy::TransportSettings transport_of(const config::HttpService& service, std::string_view provider,
                                        ClientTlsSettings& tls, config::Report& report);
  std::vector<std::string> known_names() const;

  unsigned workers_;
  proxy::TransportSettings default_transport_;
  std::map<std::string, std::shared_ptr<const proxy::Handler>> internal_;
  Registry& registry_;
  TlsBuilder& tls_;
  const config::DefaultServersTransport& static_transport_;

  const Merged* merged_ = nullptr;
  MiddlewareBuilder* middlewares_ = nullptr;
  config::Report* report_ = nullptr;
  std::map<std::string, Built> built_;
  std::map<std::string, Built> last_;
  std::set<std::string> building_;
};

}  // namespace sluice::control
