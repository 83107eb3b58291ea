// What a Docker engine says: lines of its event stream, its list and its inspections, and what follows from them; and
// what the manager of a swarm says.
//
// The input is a conversation, one message per line: a line that begins with 'L' is the answer to a list, 'I' to an
// inspection, 'S', 'T', 'N' and 'W' to services, tasks, nodes and networks, anything else a line of the event stream.
// Whatever it holds, no server without an address is published, and publishing twice gives the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "config/static_providers.h"
#include "providers/docker/engine_json.h"
#include "providers/docker/inventory.h"
#include "providers/docker/swarm_services.h"

using namespace sluice;
using namespace sluice::providers::docker;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(Inventory& inventory, Time now) {
  control::Fragment fragment = inventory.fragment(now);
  for (const auto& [name, service] : fragment.configuration.http.services) {
    if (!service.load_balancer) continue;
    for (const config::Server& server : service.load_balancer->servers) {
      require(!server.url.empty() && server.url.find("//:") == std::string::npos);
    }
  }
  for (const auto& [name, service] : fragment.configuration.tcp.services) {
    if (!service.load_balancer) continue;
    for (const config::TcpServer& server : service.load_balancer->servers) require(!server.address.starts_with(':'));
  }
  require(inventory.fragment(now).configuration == fragment.configuration);
}

// False: the line is no answer of a manager.
bool say(Swarm& swarm, std::string_view line) {
  if (line.empty()) return false;
  std::string_view body = line.substr(1);
  switch (line.front()) {
    case 'S':
      if (auto services = parse_services(body)) swarm.services = *std::move(services);
      return true;
    case 'T':
      if (auto tasks = parse_tasks(body)) swarm.tasks = *std::move(tasks);
      return true;
    case 'N':
      if (auto nodes = parse_nodes(body)) swarm.nodes = *std::move(nodes);
      return true;
    case 'W':
      if (auto networks = parse_networks(body)) swarm.networks = *std::move(networks);
      return true;
    default: return false;
  }
}

void say(Inventory& inventory, std::string_view line, Time now) {
  if (line.starts_with('L')) {
    Result<std::vector<Container>> listed = parse_list(line.substr(1));
    bool changed = false;
    if (listed) inventory.reconcile(*std::move(listed), inventory.sequence(), changed);
  } else if (line.starts_with('I')) {
    Result<Container> container = parse_inspect(line.substr(1));
    if (!container) return;
    std::string id = container->id;
    require(is_container_id(id));
    inventory.seen(id, *std::move(container), inventory.sequence());
  } else {
    Result<std::optional<Event>> event = parse_event(line);
    if (!event || !*event) return;
    require(is_container_id((*event)->container));
    inventory.apply(**event, now);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view conversation(reinterpret_cast<const char*>(data), size);
  parse_api_range(conversation);
  std::string error;
  Inventory inventory({}, *DefaultRule::parse(config::kDefaultRule, error), "0123456789ab", 5s);
  Swarm swarm;
  Time now{1};
  for (std::string_view line : split(conversation, '\n')) {
    if (!say(swarm, line)) say(inventory, line, now);
    now = now + 1s;
    bool changed = false;
    inventory.overdue(now, changed);
    // Routes of containers that ended are held from the fragment after their end.
    if (now.ns % 3'000'000'000 == 1) check(inventory, now);
  }
  check(inventory, now);
  check(inventory, now + 1h);
  config::Report report;
  for (const SwarmContainer& one : containers_of(swarm, report)) require(!one.service.empty());
  return 0;
}
