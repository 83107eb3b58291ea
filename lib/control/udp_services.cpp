#include "control/udp_services.h"

#include "control/host_port.h"

namespace sluice::control {

void UdpServices::build_load_balancer(const std::string& name, const config::UdpLoadBalancer& settings, Built& built) {
  std::vector<proxy::UdpServer> servers;
  std::string key = "udp " + name;
  for (const config::UdpServer& written : settings.servers) {
    std::optional<HostPort> parsed = parse_host_port(written.address);
    if (!parsed) {
      built.report.push_back(problem(
          code::kServer, fmt::format("server {} of UDP service {}: not of the form host:port", written.address, name),
          built.definition.source, "the server gets no datagrams", "write it as host:port"));
      continue;
    }
    key += ' ' + written.address;
    servers.push_back({std::move(parsed->host), parsed->port, written.address});
  }
  std::vector<double> weights(servers.size(), 1.0);
  built.handler = std::make_shared<proxy::UdpLoadBalancer>(std::move(servers), positions(key, weights));
}

UdpServices::Handler UdpServices::weighted(const config::UdpWeighted&, std::vector<Handler> children,
                                           std::shared_ptr<proxy::WeightedPositions> positions) {
  return std::make_shared<proxy::UdpWeighted>(std::move(children), std::move(positions));
}

}  // namespace sluice::control
