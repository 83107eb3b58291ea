#include "providers/docker/swarm_json.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ip.h"
#include "base/text.h"
#include "providers/docker/engine_json.h"
#include "providers/docker/json_value.h"

namespace sluice::providers::docker {
namespace {

constexpr Error malformed(std::string_view what) { return Error{Code::invalid, Origin::upstream, false, 0, what}; }

// "10.0.1.5/24" or "10.0.1.5" as the address; empty for anything else, and for addresses that are nobody's.
std::string address_of(const std::string& text) {
  Result<IpAddress> address = IpAddress::parse(std::string_view(text).substr(0, text.find('/')));
  if (!address || *address == IpAddress() || *address == IpAddress::v4(0)) return {};
  return address->to_string();
}

std::map<std::string, std::string> labels_of(const Json& value) {
  std::map<std::string, std::string> labels;
  if (!value.is_object()) return labels;
  for (auto entry = value.begin(); entry != value.end(); ++entry) {
    if (entry->is_string()) labels.emplace(entry.key(), text_of(*entry));
  }
  return labels;
}

// Ports of a service ("bindings" false) or of a task, where those published on the node are meant.
std::vector<Port> ports_of(const Json& value, bool bindings) {
  std::vector<Port> ports;
  if (!value.is_array()) return ports;
  for (const Json& item : value) {
    std::optional<std::int64_t> target = number_of(member(item, "TargetPort"), 1, 65535);
    std::optional<std::int64_t> published = number_of(member(item, "PublishedPort"), 1, 65535);
    if (!target) continue;
    if (bindings && (text_of(member(item, "PublishMode")) != "host" || !published)) continue;
    const std::string& protocol = text_of(member(item, "Protocol"));
    Port port;
    port.number = static_cast<std::uint16_t>(*target);
    port.protocol = protocol == "udp" ? Protocol::udp : protocol == "sctp" ? Protocol::other : Protocol::tcp;
    if (bindings) port.bindings.push_back(Binding{"", static_cast<std::uint16_t>(*published)});
    ports.push_back(std::move(port));
  }
  std::sort(ports.begin(), ports.end(), [](const Port& a, const Port& b) {
    return std::pair(a.number, a.protocol) < std::pair(b.number, b.protocol);
  });
  // A task tells of each once for IPv4 and once for IPv6.
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

std::vector<Network> networks_of(const Json& attachments) {
  std::vector<Network> networks;
  if (!attachments.is_array()) return networks;
  for (const Json& item : attachments) {
    Network network;
    network.name = text_of(member(member(member(item, "Network"), "Spec"), "Name"));
    const Json& addresses = member(item, "Addresses");
    if (addresses.is_array()) {
      for (const Json& text : addresses) {
        std::string address = address_of(text_of(text));
        std::string& slot = address.find(':') == std::string::npos ? network.ipv4 : network.ipv6;
        if (slot.empty()) slot = std::move(address);
      }
    }
    if (!network.name.empty()) networks.push_back(std::move(network));
  }
  std::sort(networks.begin(), networks.end(), [](const Network& a, const Network& b) { return a.name < b.name; });
  return networks;
}

// Calls `read` for every entry of an array that has a usable id.
template <class Read>
Status each(std::string_view body, Read read) {
  if (body.size() > kMaxList) return malformed("the answer is too large");
  std::optional<Json> root = parse_json(body);
  if (!root || !root->is_array()) return malformed("the answer is not a JSON array");
  for (const Json& item : *root) {
    const std::string& id = text_of(member(item, item.contains("ID") ? "ID" : "Id"));
    if (is_container_id(id)) read(id, item);
  }
  return {};
}

}  // namespace

Result<std::vector<SwarmService>> parse_services(std::string_view body) {
  std::vector<SwarmService> services;
  Status read = each(body, [&](const std::string& id, const Json& item) {
    SwarmService service;
    service.id = id;
    const Json& spec = member(item, "Spec");
    service.name = text_of(member(spec, "Name"));
    service.labels = labels_of(member(spec, "Labels"));
    service.virtual_ips_used = text_of(member(member(spec, "EndpointSpec"), "Mode")) != "dnsrr";
    const Json& endpoint = member(item, "Endpoint");
    service.ports = ports_of(member(endpoint, "Ports"), false);
    const Json& addresses = member(endpoint, "VirtualIPs");
    if (addresses.is_array()) {
      for (const Json& address : addresses) {
        SwarmService::VirtualIp ip{text_of(member(address, "NetworkID")), address_of(text_of(member(address, "Addr")))};
        if (!ip.address.empty()) service.virtual_ips.push_back(std::move(ip));
      }
    }
    services.push_back(std::move(service));
  });
  if (!read) return read.error();
  return services;
}

Result<std::vector<SwarmTask>> parse_tasks(std::string_view body) {
  std::vector<SwarmTask> tasks;
  Status read = each(body, [&](const std::string& id, const Json& item) {
    SwarmTask task;
    task.id = id;
    task.service = text_of(member(item, "ServiceID"));
    task.node = text_of(member(item, "NodeID"));
    const Json& status = member(item, "Status");
    task.running = text_of(member(status, "State")) == "running" && text_of(member(item, "DesiredState")) == "running";
    task.networks = networks_of(member(item, "NetworksAttachments"));
    task.host_ports = ports_of(member(member(status, "PortStatus"), "Ports"), true);
    tasks.push_back(std::move(task));
  });
  if (!read) return read.error();
  return tasks;
}

Result<std::map<std::string, std::string>> parse_nodes(std::string_view body) {
  std::map<std::string, std::string> nodes;
  Status read = each(body, [&](const std::string& id, const Json& item) {
    // A manager that is its own leader may say 0.0.0.0 of itself in Status and its real address beside it.
    std::string address = address_of(text_of(member(member(item, "Status"), "Addr")));
    if (address.empty()) {
      const std::string& manager = text_of(member(member(item, "ManagerStatus"), "Addr"));
      address = address_of(manager.substr(0, manager.rfind(':')));
    }
    nodes[id] = std::move(address);
  });
  if (!read) return read.error();
  return nodes;
}

Result<std::map<std::string, std::string>> parse_networks(std::string_view body) {
  std::map<std::string, std::string> networks;
  Status read =
      each(body, [&](const std::string& id, const Json& item) { networks[id] = text_of(member(item, "Name")); });
  if (!read) return read.error();
  return networks;
}

}  // namespace sluice::providers::docker
