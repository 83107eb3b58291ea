// tcp_services.h: TCP services of the configuration to handlers. What did not change keeps its handler from one build
// to the next. Control thread only.
#pragma once

#include <string>
#include <vector>

#include "config/static_config.h"
#include "control/stream_services.h"
#include "control/tcp_health_checks.h"
#include "control/tls_builder.h"
#include "proxy/tcp_services.h"

namespace sluice::control {

struct TcpKind {
  using Service = config::TcpService;
  using LoadBalancer = config::TcpLoadBalancer;
  using Weighted = config::TcpWeighted;
  using Handler = proxy::TcpHandler;
  struct Extra {
    proxy::TcpTransport transport;
    bool usable = true;  // the transport
    std::vector<TcpHealthTarget> health_targets;
    friend bool same(const Extra& a, const Extra& b) { return a.transport == b.transport && a.usable == b.usable; }
  };
  static constexpr std::string_view kName = "TCP";
  static constexpr std::string_view kPrefix = "tcp";
  static const auto& all(const Merged& merged) { return merged.tcp_services; }
};

class TcpServices final : public StreamServices<TcpKind> {
 public:
  TcpServices(unsigned workers, const config::Static& configuration, Registry& registry, TlsBuilder& tls)
      : StreamServices(workers, registry), configuration_(configuration), tls_(tls) {}

  // After `finish`: the servers whose health is to be checked.
  std::vector<TcpHealthTarget> health_targets() const;

 private:
  // Its transport.
  void prepare(const std::string& name, const Owned<config::TcpService>& owned, Built& built) override;
  void build_load_balancer(const std::string& name, const config::TcpLoadBalancer& settings, Built& built) override;
  Handler weighted(const config::TcpWeighted& settings, std::vector<Handler> children,
                   std::shared_ptr<proxy::WeightedPositions> positions) override;
  void set_deprecated(const std::string& name, const config::TcpLoadBalancer& settings, Built& built);
  void set_proxy_protocol(const std::string& whose, std::int64_t version, Built& built);
  void set_default_transport(const config::TcpService& service, Built& built);
  // What is wrong with a health check; then it is reported, and the servers count as healthy.
  static bool can_check(const std::string& name, const config::TcpHealthCheck& settings, Built& built);

  const config::Static& configuration_;
  TlsBuilder& tls_;
};

}  // namespace sluice::control
