// swarm_json.h: the answers of a Swarm manager (services, tasks, nodes, networks) as values. Pure.
//
// Total, as engine_json.h is: unknown and missing fields are tolerated, entries without a usable id are left out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/docker/container.h"

namespace sluice::providers::docker {

struct SwarmService {
  struct VirtualIp {
    std::string network;  // id
    std::string address;  // without its prefix length
    friend bool operator==(const VirtualIp&, const VirtualIp&) = default;
  };

  std::string id;
  std::string name;
  std::map<std::string, std::string> labels;  // of the service, not of its containers
  bool virtual_ips_used = true;               // endpoint mode "vip", not "dnsrr"
  std::vector<VirtualIp> virtual_ips;
  std::vector<Port> ports;  // targets of what it publishes, without bindings

  friend bool operator==(const SwarmService&, const SwarmService&) = default;
};

struct SwarmTask {
  std::string id;
  std::string service;
  std::string node;
  bool running = false;           // it is, and it is meant to
  std::vector<Network> networks;  // sorted by name; "host" without an address
  std::vector<Port> host_ports;   // published on its node; the bindings lack the node's address

  friend bool operator==(const SwarmTask&, const SwarmTask&) = default;
};

// Everything a manager told at one time.
struct Swarm {
  std::vector<SwarmService> services;
  std::vector<SwarmTask> tasks;
  std::map<std::string, std::string> nodes;     // id to address
  std::map<std::string, std::string> networks;  // id to name

  friend bool operator==(const Swarm&, const Swarm&) = default;
};

Result<std::vector<SwarmService>> parse_services(std::string_view body);           // GET /services
Result<std::vector<SwarmTask>> parse_tasks(std::string_view body);                 // GET /tasks
Result<std::map<std::string, std::string>> parse_nodes(std::string_view body);     // GET /nodes
Result<std::map<std::string, std::string>> parse_networks(std::string_view body);  // GET /networks

}  // namespace sluice::providers::docker
