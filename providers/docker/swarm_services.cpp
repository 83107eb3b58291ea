#include "providers/docker/swarm_services.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "config/scalars.h"
#include "providers/docker/problem_codes.h"

namespace sluice::providers::docker {
namespace {

constexpr std::string_view kSwarm = "traefik.swarm.";
constexpr std::string_view kDocker = "traefik.docker.";

// What the labels about the service itself say.
struct Wishes {
  bool lb_swarm = false;
  std::string wrong;  // why the service must be skipped
};

// Reads lbswarm, and brings the labels into the form of a container's: there is one network label.
Wishes take_wishes(std::map<std::string, std::string>& labels) {
  Wishes wishes;
  std::map<std::string, std::string> kept;
  bool swarm = false;
  bool docker = false;
  for (auto& [key, value] : labels) {
    bool of_swarm = istarts_with(key, kSwarm);
    bool of_docker = istarts_with(key, kDocker);
    swarm = swarm || of_swarm;
    docker = docker || of_docker;
    std::string_view option = std::string_view(key).substr(of_swarm || of_docker ? kSwarm.size() : 0);
    if (of_docker) option = std::string_view(key).substr(kDocker.size());
    if ((of_swarm || of_docker) && iequals(option, "lbswarm")) {
      std::optional<bool> chosen = config::parse_boolean(value);
      if (!chosen) wishes.wrong = fmt::format("{}: \"{}\" is not true or false", key, printable(value, 64));
      wishes.lb_swarm = chosen.value_or(false);
    } else if (of_swarm && iequals(option, "network")) {
      kept["traefik.docker.network"] = std::move(value);
    } else {
      kept[key] = std::move(value);
    }
  }
  if (swarm && docker) wishes.wrong = "it has labels traefik.swarm and traefik.docker, and may have only one kind";
  labels = std::move(kept);
  return wishes;
}

bool wants_virtual_address(const SwarmService& service) {
  std::map<std::string, std::string> labels = service.labels;
  return take_wishes(labels).lb_swarm;
}

class Conversion {
 public:
  Conversion(const Swarm& swarm, config::Report& report) : swarm_(swarm), report_(report) {}

  std::vector<SwarmContainer> run() {
    for (const SwarmService& service : swarm_.services) convert(service);
    return std::move(result_);
  }

 private:
  void convert(const SwarmService& service) {
    Container model;
    model.name = service.name;
    model.labels = service.labels;
    model.ports = service.ports;
    model.state = State::running;
    Wishes wishes = take_wishes(model.labels);
    if (!wishes.wrong.empty()) {
      problem(config::Severity::error, service, wishes.wrong, "the service is skipped", "correct its labels");
      return;
    }
    if (wishes.lb_swarm && service.virtual_ips_used) {
      for (const SwarmService::VirtualIp& ip : service.virtual_ips) {
        auto name = swarm_.networks.find(ip.network);
        if (name == swarm_.networks.end()) continue;
        bool v4 = ip.address.find(':') == std::string::npos;
        model.networks.push_back(Network{name->second, v4 ? ip.address : "", v4 ? "" : ip.address});
      }
      std::sort(model.networks.begin(), model.networks.end(),
                [](const Network& a, const Network& b) { return a.name < b.name; });
      add(service, service.id, std::move(model));
      return;
    }
    if (wishes.lb_swarm) {
      problem(config::Severity::warning, service, "lbswarm=true, but its endpoint mode dnsrr has no virtual address",
              "its tasks are the servers", "use the endpoint mode vip");
    }
    bool any = false;
    for (const SwarmTask& task : swarm_.tasks) {
      if (!task.running || task.service != service.id) continue;
      any = true;
      add(service, service.id + "-" + task.id, of_task(task, model));
    }
    if (any) return;
    model.state = State::restarting;
    add(service, service.id, std::move(model));
  }

  Container of_task(const SwarmTask& task, Container model) const {
    auto found = swarm_.nodes.find(task.node);
    std::string node = found == swarm_.nodes.end() ? std::string() : found->second;
    bool v4 = node.find(':') == std::string::npos;
    model.networks = task.networks;
    for (Network& network : model.networks) {
      // On the network of its host a task is reached where its node is.
      if (network.name == "host") (v4 ? network.ipv4 : network.ipv6) = node;
    }
    for (Port published : task.host_ports) {
      for (Binding& binding : published.bindings) binding.host_ip = node;
      auto same = std::find_if(model.ports.begin(), model.ports.end(), [&](const Port& port) {
        return port.number == published.number && port.protocol == published.protocol;
      });
      if (same == model.ports.end()) {
        model.ports.push_back(std::move(published));
      } else {
        same->bindings = std::move(published.bindings);
      }
    }
    // Published on the node and on no network: only there it can be reached.
    if (model.networks.empty() && !task.host_ports.empty()) {
      model.networks.push_back(Network{"host", v4 ? node : "", v4 ? "" : node});
    }
    return model;
  }

  void add(const SwarmService& service, std::string id, Container container) {
    container.id = std::move(id);
    result_.push_back(SwarmContainer{std::move(container), service.id});
  }

  void problem(config::Severity severity, const SwarmService& service, std::string what, std::string effect,
               std::string fix) {
    report_.push_back({severity,
                       std::string(code::kSwarmLabels),
                       std::move(what),
                       {"service " + printable(service.name, 128)},
                       std::move(effect),
                       std::move(fix)});
  }

  const Swarm& swarm_;
  config::Report& report_;
  std::vector<SwarmContainer> result_;
};

}  // namespace

std::vector<SwarmContainer> containers_of(const Swarm& swarm, config::Report& report) {
  return Conversion(swarm, report).run();
}

bool needs_nodes(const Swarm& swarm) {
  return std::any_of(swarm.tasks.begin(), swarm.tasks.end(), [](const SwarmTask& task) {
    bool on_host = std::any_of(task.networks.begin(), task.networks.end(),
                               [](const Network& network) { return network.name == "host"; });
    return task.running && (on_host || !task.host_ports.empty());
  });
}

bool needs_networks(const Swarm& swarm) {
  return std::any_of(swarm.services.begin(), swarm.services.end(), wants_virtual_address);
}

}  // namespace sluice::providers::docker
