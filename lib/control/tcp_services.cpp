#include "control/tcp_services.h"

#include <fmt/format.h>

#include "base/text.h"
#include "control/problems.h"

namespace sluice::control {
namespace {

// host:port, an IPv6 address in brackets. False: it is not of that form.
bool parse_address(const std::string& text, proxy::TcpLoadBalancer::Server& server) {
  std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  std::optional<std::uint64_t> port = parse_u64(std::string_view(text).substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) return false;
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return false;
  }
  if (host.empty() || host.find_first_of(" /@[]") != std::string::npos) return false;
  server.host = std::move(host);
  server.port = static_cast<std::uint16_t>(*port);
  server.address = text;
  return true;
}

}  // namespace

void TcpServices::begin(const Merged& merged, config::Report& report) {
  merged_ = &merged;
  report_ = &report;
  last_ = std::exchange(built_, {});
}

std::shared_ptr<const proxy::TcpHandler> TcpServices::find(const std::string& name, const config::Source& referrer,
                                                           const std::string& effect) {
  auto defined = merged_->tcp_services.find(name);
  if (defined == merged_->tcp_services.end()) {
    std::vector<std::string> known;
    for (const auto& [other, service] : merged_->tcp_services) known.push_back(other);
    report_->push_back(unknown_reference("TCP service", name, known, referrer, effect));
    return nullptr;
  }
  return build(name, defined->second).handler;
}

const TcpServices::Built& TcpServices::build(const std::string& name, const Owned<config::TcpService>& owned) {
  if (auto done = built_.find(name); done != built_.end()) return done->second;
  const config::TcpService& service = *owned.object;
  if (!building_.insert(name).second) {
    static const Built kNothing;
    report_->push_back(problem(code::kCycle, fmt::format("TCP service {} refers to itself", name), service.source,
                               "the service cannot be used", "remove one of the references"));
    return kNothing;
  }
  Built built;
  built.definition = service;
  set_transport(name, owned, built);
  if (service.weighted) {
    for (const config::WeightedService& child : service.weighted->services) {
      built.children.push_back(find(qualify(child.name, owned.provider), service.source,
                                    fmt::format("TCP service {} cannot be used", name)));
    }
  }
  auto last = last_.find(name);
  if (last != last_.end() && last->second.definition == service && last->second.transport == built.transport &&
      last->second.usable == built.usable && last->second.children == built.children) {
    built = std::move(last->second);
  } else if (service.load_balancer.has_value() == service.weighted.has_value()) {
    built.report.push_back(problem(
        code::kServiceType, fmt::format("TCP service {} has {}", name, service.weighted ? "two types" : "no type"),
        service.source, "the service cannot be used", "give it loadBalancer or weighted"));
  } else if (service.load_balancer) {
    build_load_balancer(name, *service.load_balancer, built);
  } else {
    build_weighted(name, *service.weighted, built);
  }
  building_.erase(name);
  report_->insert(report_->end(), built.report.begin(), built.report.end());
  return built_.emplace(name, std::move(built)).first->second;
}

void TcpServices::set_transport(const std::string& name, const Owned<config::TcpService>& owned, Built& built) {
  const config::TcpService& service = *owned.object;
  if (!service.load_balancer || service.load_balancer->servers_transport.empty()) return;
  std::string wanted = qualify(service.load_balancer->servers_transport, owned.provider);
  if (wanted == "default@internal") return;
  auto found = merged_->tcp_transports.find(wanted);
  if (found == merged_->tcp_transports.end()) {
    std::vector<std::string> known{"default@internal"};
    for (const auto& [other, transport] : merged_->tcp_transports) known.push_back(other);
    report_->push_back(unknown_reference("TCP serversTransport", wanted, known, service.source,
                                         fmt::format("TCP service {} cannot be used", name)));
    built.usable = false;
    return;
  }
  const config::TcpServersTransport& settings = *found->second.object;
  built.transport.dial_timeout = settings.dial_timeout > 0s ? settings.dial_timeout : Duration::max();
  built.transport.termination_delay = settings.termination_delay;
  if (!settings.tls) return;
  const config::TcpTransportTls& tls = *settings.tls;
  ClientTlsSettings wish{
      tls.server_name, tls.insecure_skip_verify, tls.root_cas, tls.certificates, tls.peer_cert_uri, {}, {}};
  built.transport.tls = tls_.client_context("TCP " + wanted, wish, settings.source);
  built.usable = built.transport.tls != nullptr;
}

std::shared_ptr<proxy::WeightedPositions> TcpServices::positions(const std::string& key,
                                                                 const std::vector<double>& weights) {
  return registry_.get<proxy::WeightedPositions>(
      key, [&] { return std::make_shared<proxy::WeightedPositions>(workers_, weights); });
}

void TcpServices::build_load_balancer(const std::string& name, const config::TcpLoadBalancer& settings, Built& built) {
  if (!built.usable) return;  // reported
  std::vector<proxy::TcpLoadBalancer::Server> servers;
  std::string key = "tcp " + name;
  for (const config::TcpServer& written : settings.servers) {
    proxy::TcpLoadBalancer::Server server;
    if (!parse_address(written.address, server)) {
      built.report.push_back(problem(
          code::kServer, fmt::format("server {} of TCP service {}: not of the form host:port", written.address, name),
          built.definition.source, "the server gets no connections", "write it as host:port"));
      continue;
    }
    server.tls = written.tls;
    if (server.tls && built.transport.tls == nullptr) {
      built.transport.tls = tls_.client_context("TCP default@internal", {}, built.definition.source);
    }
    key += ' ' + written.address;
    servers.push_back(std::move(server));
  }
  std::vector<double> weights(servers.size(), 1.0);
  built.handler =
      std::make_shared<proxy::TcpLoadBalancer>(name, std::move(servers), built.transport, positions(key, weights));
}

void TcpServices::build_weighted(const std::string& name, const config::TcpWeighted& settings, Built& built) {
  std::vector<double> weights;
  std::string key = "tcp " + name;
  for (const config::WeightedService& child : settings.services) {
    std::int64_t weight = child.weight.value_or(1);
    if (weight < 0) {
      built.report.push_back(problem(code::kServer,
                                     fmt::format("TCP service {}: the weight of {} is below 0", name, child.name),
                                     built.definition.source, "the service cannot be used", "a weight is at least 0"));
      return;
    }
    weights.push_back(static_cast<double>(weight));
    key += fmt::format(" {}*{}", child.name, weight);
  }
  for (const auto& child : built.children) {
    if (child == nullptr) return;  // reported by find
  }
  built.handler = std::make_shared<proxy::TcpWeighted>(built.children, positions(key, weights));
}

void TcpServices::finish() {
  for (const auto& [name, service] : merged_->tcp_services) build(name, service);
  last_.clear();
}

}  // namespace sluice::control
