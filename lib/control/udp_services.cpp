#include "control/udp_services.h"

#include <fmt/format.h>

#include <utility>

#include "control/host_port.h"
#include "control/problems.h"

namespace sluice::control {

void UdpServices::begin(const Merged& merged, config::Report& report) {
  merged_ = &merged;
  report_ = &report;
  last_ = std::exchange(built_, {});
}

std::shared_ptr<const proxy::UdpService> UdpServices::find(const std::string& name, const config::Source& referrer,
                                                           const std::string& effect) {
  auto defined = merged_->udp_services.find(name);
  if (defined == merged_->udp_services.end()) {
    std::vector<std::string> known;
    for (const auto& [other, service] : merged_->udp_services) known.push_back(other);
    report_->push_back(unknown_reference("UDP service", name, known, referrer, effect));
    return nullptr;
  }
  return build(name, defined->second).service;
}

const UdpServices::Built& UdpServices::build(const std::string& name, const Owned<config::UdpService>& owned) {
  if (auto done = built_.find(name); done != built_.end()) return done->second;
  const config::UdpService& service = *owned.object;
  if (!building_.insert(name).second) {
    static const Built kNothing;
    report_->push_back(problem(code::kCycle, fmt::format("UDP service {} refers to itself", name), service.source,
                               "the service cannot be used", "remove one of the references"));
    return kNothing;
  }
  Built built;
  built.definition = service;
  if (service.weighted) {
    for (const config::WeightedService& child : service.weighted->services) {
      built.children.push_back(find(qualify(child.name, owned.provider), service.source,
                                    fmt::format("UDP service {} cannot be used", name)));
    }
  }
  auto last = last_.find(name);
  if (last != last_.end() && last->second.definition == service && last->second.children == built.children) {
    built = std::move(last->second);
  } else if (service.load_balancer.has_value() == service.weighted.has_value()) {
    built.report.push_back(problem(
        code::kServiceType, fmt::format("UDP service {} has {}", name, service.weighted ? "two types" : "no type"),
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

std::shared_ptr<proxy::WeightedPositions> UdpServices::positions(const std::string& key,
                                                                 const std::vector<double>& weights) {
  return registry_.get<proxy::WeightedPositions>(
      key, [&] { return std::make_shared<proxy::WeightedPositions>(workers_, weights); });
}

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
  built.service = std::make_shared<proxy::UdpLoadBalancer>(std::move(servers), positions(key, weights));
}

void UdpServices::build_weighted(const std::string& name, const config::UdpWeighted& settings, Built& built) {
  std::vector<double> weights;
  std::string key = "udp " + name;
  for (const config::WeightedService& child : settings.services) {
    std::int64_t weight = child.weight.value_or(1);
    if (weight < 0) {
      built.report.push_back(problem(code::kServer,
                                     fmt::format("UDP service {}: the weight of {} is below 0", name, child.name),
                                     built.definition.source, "the service cannot be used", "a weight is at least 0"));
      return;
    }
    weights.push_back(static_cast<double>(weight));
    key += fmt::format(" {}*{}", child.name, weight);
  }
  for (const auto& child : built.children) {
    if (child == nullptr) return;  // reported by find
  }
  built.service = std::make_shared<proxy::UdpWeighted>(built.children, positions(key, weights));
}

void UdpServices::finish() {
  for (const auto& [name, service] : merged_->udp_services) build(name, service);
  last_.clear();
}

}  // namespace sluice::control
