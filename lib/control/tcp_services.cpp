#include "control/tcp_services.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/host_port.h"
#include "control/problems.h"

namespace sluice::control {
namespace {

bool any_secure(const config::TcpLoadBalancer& settings) {
  return std::any_of(settings.servers.begin(), settings.servers.end(),
                     [](const config::TcpServer& server) { return server.tls; });
}

// Everything a check depends on.
std::string health_key(const std::string& service, const config::TcpServer& server,
                       const config::TcpHealthCheck& settings) {
  return fmt::format("tcp {} {} {} {} {} {} {} {}:{} {}", service, server.address, server.tls, settings.port,
                     settings.interval.count(), settings.unhealthy_interval.value_or(settings.interval).count(),
                     settings.timeout.count(), settings.send.size(), settings.send, settings.expect);
}

}  // namespace

// `default@internal`, as the static configuration has it.
void TcpServices::set_default_transport(const config::TcpService& service, Built& built) {
  const config::DefaultTcpServersTransport& settings = configuration_.tcp_servers_transport;
  built.extra.transport.dial_timeout = settings.dial_timeout > 0s ? settings.dial_timeout : Duration::max();
  built.extra.transport.keep_alive = settings.dial_keep_alive;
  if (settings.termination_delay != 0s) built.extra.transport.termination_delay = settings.termination_delay;
  if (!any_secure(*service.load_balancer)) return;
  ClientTlsSettings wish;
  if (settings.tls) {
    wish.insecure_skip_verify = settings.tls->insecure_skip_verify;
    wish.root_cas = settings.tls->root_cas;
  }
  built.extra.transport.tls = tls_.client_context("TCP default@internal", wish, service.source);
  built.extra.usable = built.extra.transport.tls != nullptr;
}

void TcpServices::prepare(const std::string& name, const Owned<config::TcpService>& owned, Built& built) {
  const config::TcpService& service = *owned.object;
  if (!service.load_balancer) return;
  const config::TcpLoadBalancer& balancer = *service.load_balancer;
  std::string wanted = qualify(balancer.servers_transport, owned.provider);
  if (balancer.servers_transport.empty() || wanted == "default@internal") {
    set_default_transport(service, built);
    set_deprecated(name, balancer, built);
    return;
  }
  auto found = merged_->tcp_transports.find(wanted);
  if (found == merged_->tcp_transports.end()) {
    std::vector<std::string> known{"default@internal"};
    for (const auto& [other, transport] : merged_->tcp_transports) known.push_back(other);
    report_->push_back(unknown_reference("TCP serversTransport", wanted, known, service.source,
                                         fmt::format("TCP service {} cannot be used", name)));
    built.extra.usable = false;
    return;
  }
  const config::TcpServersTransport& settings = *found->second.object;
  built.extra.transport.dial_timeout = settings.dial_timeout > 0s ? settings.dial_timeout : Duration::max();
  built.extra.transport.keep_alive = settings.dial_keep_alive;
  built.extra.transport.termination_delay = settings.termination_delay;
  if (settings.proxy_protocol) set_proxy_protocol(wanted, settings.proxy_protocol->version, built);
  set_deprecated(name, balancer, built);
  if (!settings.tls && !any_secure(balancer)) return;
  ClientTlsSettings wish;
  if (settings.tls) {
    const config::TcpTransportTls& tls = *settings.tls;
    wish.server_name = tls.server_name;
    wish.insecure_skip_verify = tls.insecure_skip_verify;
    wish.root_cas = tls.root_cas;
    wish.certificates = tls.certificates;
    wish.peer_uri = tls.peer_cert_uri;
    wish.peer_sans = tls.peer_cert_sans;
  }
  built.extra.transport.tls = tls_.client_context("TCP " + wanted, wish, settings.source);
  built.extra.usable = built.extra.usable && built.extra.transport.tls != nullptr;
}

// The options of a load balancer that belong to a transport today.
void TcpServices::set_deprecated(const std::string& name, const config::TcpLoadBalancer& settings, Built& built) {
  if (settings.proxy_protocol) set_proxy_protocol(name, settings.proxy_protocol->version, built);
  if (settings.termination_delay) built.extra.transport.termination_delay = *settings.termination_delay * 1ms;
}

void TcpServices::set_proxy_protocol(const std::string& whose, std::int64_t version, Built& built) {
  if (version == 1 || version == 2) {
    built.extra.transport.proxy_protocol = static_cast<int>(version);
    return;
  }
  report_->push_back(problem(code::kServer,
                             fmt::format("{}: there is no version {} of the PROXY protocol", whose, version),
                             built.definition.source, "the service cannot be used", "write 1 or 2"));
  built.extra.usable = false;
}

bool TcpServices::can_check(const std::string& name, const config::TcpHealthCheck& settings, Built& built) {
  constexpr std::size_t kMostText = 65535;
  std::string wrong;
  if (settings.interval <= 0s || settings.unhealthy_interval.value_or(1s) <= 0s || settings.timeout <= 0s) {
    wrong = "interval, unhealthyInterval and timeout must be above 0";
  } else if (settings.port < 0 || settings.port > 65535) {
    wrong = fmt::format("{} is no port", settings.port);
  } else if (settings.send.size() > kMostText || settings.expect.size() > kMostText) {
    wrong = "send and expect have at most 65535 bytes";
  }
  if (wrong.empty()) return true;
  built.report.push_back(problem(code::kHealthCheck, fmt::format("the healthCheck of TCP service {}: {}", name, wrong),
                                 built.definition.source, "its servers count as healthy", "correct it"));
  return false;
}

void TcpServices::build_load_balancer(const std::string& name, const config::TcpLoadBalancer& settings, Built& built) {
  if (!built.extra.usable) return;  // reported
  std::vector<proxy::TcpLoadBalancer::Server> servers;
  std::string key = "tcp " + name;
  bool checked = settings.health_check && can_check(name, *settings.health_check, built);
  for (const config::TcpServer& written : settings.servers) {
    std::optional<HostPort> parsed = parse_host_port(written.address);
    if (!parsed) {
      built.report.push_back(problem(
          code::kServer, fmt::format("server {} of TCP service {}: not of the form host:port", written.address, name),
          built.definition.source, "the server gets no connections", "write it as host:port"));
      continue;
    }
    proxy::TcpLoadBalancer::Server server{std::move(parsed->host), parsed->port, written.address, written.tls, nullptr};
    if (checked) {
      std::string target = health_key(name, written, *settings.health_check);
      auto health = registry_.get<proxy::ServerHealth>(
          target, [] { return std::make_shared<proxy::ServerHealth>(Loop::current().now()); });
      server.health = health;
      built.extra.health_targets.push_back(
          {std::move(target), name, server, *settings.health_check, built.extra.transport.tls, std::move(health)});
    }
    key += ' ' + written.address;
    servers.push_back(std::move(server));
  }
  std::vector<double> weights(servers.size(), 1.0);
  built.handler = std::make_shared<proxy::TcpLoadBalancer>(name, std::move(servers), built.extra.transport,
                                                           positions(key, weights));
}

TcpServices::Handler TcpServices::weighted(const config::TcpWeighted& settings, std::vector<Handler> children,
                                           std::shared_ptr<proxy::WeightedPositions> positions) {
  return std::make_shared<proxy::TcpWeighted>(std::move(children), std::move(positions),
                                              settings.health_check.has_value());
}

std::vector<TcpHealthTarget> TcpServices::health_targets() const {
  std::vector<TcpHealthTarget> targets;
  for (const auto& [name, built] : built_) {
    targets.insert(targets.end(), built.extra.health_targets.begin(), built.extra.health_targets.end());
  }
  return targets;
}

}  // namespace sluice::control
