// swarm_services.h: the services of a swarm as containers with labels, so that they are inferred and merged as the
// containers of one engine are. Pure.
//
// A service has one container per running task, or one with its virtual address where lbswarm=true asks for that, or,
// while no task runs, one that is not ready: its routers stay and are answered 503.
#pragma once

#include <string>
#include <vector>

#include "config/problem.h"
#include "providers/docker/container.h"
#include "providers/docker/swarm_json.h"

namespace sluice::providers::docker {

struct SwarmContainer {
  Container container;
  std::string service;  // id
};

// The report says which services are skipped, and where lbswarm cannot be had.
std::vector<SwarmContainer> containers_of(const Swarm& swarm, config::Report& report);

// Whether addresses of nodes, or names of networks, are needed for that: two calls that are rarely worth it.
bool needs_nodes(const Swarm& swarm);
bool needs_networks(const Swarm& swarm);

}  // namespace sluice::providers::docker
