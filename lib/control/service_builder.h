// service_builder.h: services of the configuration to handlers. A service whose definition did not change keeps its
// handler from one build to the next.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/static_config.h"
#include "control/merged.h"
#include "control/registry.h"
#include "control/tls_builder.h"
#include "proxy/endpoint.h"
#include "proxy/handler.h"

namespace sluice::control {

class ServiceBuilder {
 public:
  // `internal` are services by qualified name that no configuration defines (ping@internal).
  ServiceBuilder(unsigned workers, const config::Static& configuration,
                 std::map<std::string, std::shared_ptr<const proxy::Handler>> internal, Registry& registry,
                 TlsBuilder& tls);

  // Starts a build. `merged` and `report` must live until `finish`.
  void begin(const Merged& merged, config::Report& report);
  // The handler of a qualified name; null when it does not exist or cannot be built, which has been reported once.
  // `effect` of the report about a missing one says what becomes of whoever refers to it.
  std::shared_ptr<const proxy::Handler> find(const std::string& name, const config::Source& referrer,
                                             const std::string& effect);
  // Builds what nobody referred to as well, so that its problems are seen. Ends the build: what it used is kept for the
  // next one. Gives all endpoints in use.
  std::vector<std::shared_ptr<const proxy::Endpoint>> finish();

 private:
  struct Built {
    config::HttpService definition;
    proxy::TransportSettings transport;
    std::vector<std::shared_ptr<const proxy::Handler>> children;
    std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints;
    std::shared_ptr<const proxy::Handler> handler;
    config::Report report;
  };

  const Built& build(const std::string& name, const Owned<config::HttpService>& owned);
  void build_load_balancer(const std::string& name, const config::LoadBalancer& settings, Built& built);
  void build_weighted(const std::string& name, const config::Weighted& settings, Built& built);
  proxy::TransportSettings transport_of(const config::HttpService& service, std::string_view provider,
                                        config::Report& report);
  std::vector<std::string> known_names() const;

  unsigned workers_;
  proxy::TransportSettings default_transport_;
  std::map<std::string, std::shared_ptr<const proxy::Handler>> internal_;
  Registry& registry_;
  TlsBuilder& tls_;
  const config::DefaultServersTransport& static_transport_;

  const Merged* merged_ = nullptr;
  config::Report* report_ = nullptr;
  std::map<std::string, Built> built_;
  std::map<std::string, Built> last_;
  std::set<std::string> building_;
};

}  // namespace sluice::control
