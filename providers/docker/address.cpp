#include "providers/docker/address.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ip.h"
#include "base/text.h"

namespace sluice::providers::docker {
namespace {

// Containers that borrow the network of one that borrows it in turn: longer chains are loops.
constexpr int kMaxBorrowed = 8;

const Container* find_container(const Containers& all, std::string_view id_or_name) {
  if (auto found = all.find(id_or_name); found != all.end()) return &found->second;
  for (const auto& [id, container] : all) {
    if (container.name == id_or_name) return &container;
  }
  return nullptr;
}

std::string names_of_networks(const Container& container) {
  std::string names;
  for (const Network& network : container.networks) {
    if (!names.empty()) names += ", ";
    names += network.name;
  }
  return names.empty() ? "none" : names;
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

const Network* find_network(const Container& container, std::string_view name) {
  for (const Network& network : container.networks) {
    if (network.name == name) return &network;
  }
  return nullptr;
}

// "ingress" is Swarm's own and reaches no container.
const Network* first_with_address(const Container& container, const std::set<std::string>& own, bool shared) {
  for (const Network& network : container.networks) {
    if (network.address().empty() || network.name == "ingress") continue;
    if (own.contains(network.name) == shared) return &network;
  }
  return nullptr;
}

AddressChoice choose(const Container& container, std::string_view wanted, const Containers& all,
                     const Surroundings& surroundings, int borrowed) {
  AddressChoice choice;
  if (!wanted.empty()) {
    if (const Network* network = find_network(container, wanted)) {
      choice.network = network->name;
      choice.ip = network->address();
      if (choice.ip.empty()) choice.warning = fmt::format("no address on network {} yet", network->name);
      return choice;
    }
  }

  if (container.network_mode == "host") {
    choice.ip = surroundings.host_address;
    if (choice.ip.empty()) choice.warning = "on the host's network, whose address is not known yet";
    return choice;
  }
  constexpr std::string_view kBorrows = "container:";
  if (container.network_mode.starts_with(kBorrows)) {
    std::string_view owner_id = std::string_view(container.network_mode).substr(kBorrows.size());
    const Container* owner = find_container(all, owner_id);
    if (owner == nullptr || borrowed >= kMaxBorrowed) {
      choice.warning = fmt::format("shares the network of container {}, which is not there", printable(owner_id, 64));
      return choice;
    }
    std::string_view owners_wish = network_label(*owner);
    return choose(*owner, owners_wish.empty() ? wanted : owners_wish, all, surroundings, borrowed + 1);
  }

  const Network* network = first_with_address(container, surroundings.own_networks, true);
  if (network == nullptr) {
    network = first_with_address(container, surroundings.own_networks, false);
    if (network != nullptr && !surroundings.own_networks.empty()) {
      choice.warning = fmt::format("no network in common with us: it is on {}, and we are on {}",
                                   names_of_networks(container), joined(surroundings.own_networks));
    }
  }
  if (network != nullptr) {
    choice.ip = network->address();
    choice.network = network->name;
  }
  if (!wanted.empty()) {
    choice.warning = fmt::format("Could not find network named {}: the container is on {}", printable(wanted, 128),
                                 names_of_networks(container));
    if (network != nullptr) choice.warning += fmt::format("; taking {}", network->name);
  }
  return choice;
}

bool is_specific(const std::string& host_ip) {
  Result<IpAddress> address = IpAddress::parse(host_ip);
  return address.ok() && *address != IpAddress() && *address != IpAddress::v4(0);
}

const Binding* specific_binding(const Port& port) {
  for (const Binding& binding : port.bindings) {
    if (is_specific(binding.host_ip)) return &binding;
  }
  return nullptr;
}

// The binding of the container's port `number`; failing that, one whose port on the host is the label's.
const Binding* find_binding(const Container& container, std::uint16_t number, std::uint16_t label) {
  for (const Port& port : container.ports) {
    if (port.number != number) continue;
    if (const Binding* binding = specific_binding(port)) return binding;
  }
  for (const Port& port : container.ports) {
    for (const Binding& binding : port.bindings) {
      if (label != 0 && binding.host_port == label && is_specific(binding.host_ip)) return &binding;
    }
  }
  return nullptr;
}

}  // namespace

std::string_view network_label(const Container& container) {
  for (const auto& [key, value] : container.labels) {
    if (iequals(key, "traefik.docker.network")) return trim(value);
  }
  return {};
}

AddressChoice choose_address(const Container& container, const Containers& all, const Surroundings& surroundings) {
  std::string_view wanted = network_label(container);
  if (wanted.empty()) wanted = surroundings.network;
  return choose(container, wanted, all, surroundings, 0);
}

std::uint16_t choose_port(const Container& container, std::uint16_t label, Protocol protocol) {
  if (label != 0) return label;
  for (const Port& port : container.ports) {
    if (port.protocol == protocol) return port.number;
  }
  return container.ports.empty() ? std::uint16_t{0} : container.ports.front().number;
}

Endpoint choose_endpoint(const Container& container, std::uint16_t label, Protocol protocol, const Containers& all,
                         const Surroundings& surroundings) {
  Endpoint endpoint;
  endpoint.port = choose_port(container, label, protocol);
  if (endpoint.port == 0) {
    endpoint.missing = "port is missing: the container exposes none and no label loadbalancer.server.port names one";
    return endpoint;
  }
  if (surroundings.use_bind_port_ip) {
    if (const Binding* binding = find_binding(container, endpoint.port, label)) {
      endpoint.ip = IpAddress::parse(binding->host_ip)->to_string();
      endpoint.port = binding->host_port;
      return endpoint;
    }
  }
  AddressChoice choice = choose_address(container, all, surroundings);
  endpoint.ip = std::move(choice.ip);
  if (endpoint.ip.empty()) {
    // Not so with network_mode none, which is a decision.
    endpoint.pending = container.network_mode != "none";
    endpoint.missing =
        fmt::format("unable to find the IP address: {}",
                    choice.warning.empty() ? "networks: " + names_of_networks(container) : choice.warning);
  } else {
    endpoint.warning = std::move(choice.warning);
  }
  return endpoint;
}

std::string Endpoint::to_string() const {
  return ip.find(':') == std::string::npos ? fmt::format("{}:{}", ip, port) : fmt::format("[{}]:{}", ip, port);
}

}  // namespace sluice::providers::docker
