// What a Docker engine says: lines of its event stream, its list and its inspections, and what follows from them.
//
// The input is a conversation, one message per line: a line that begins with 'L' is the answer to a list, 'I' to an
// inspection, anything else a line of the event stream. Whatever it holds, no server without an address is published,
// and publishing twice gives the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "config/static_providers.h"
#include "providers/docker/engine_json.h"
#include "providers/docker/inventory.h"

using namespace sluice;
using namespace sluice::providers::docker;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(Inventory& inventory) {
  control::Fragment fragment = inventory.fragment();
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
  require(inventory.fragment().configuration == fragment.configuration);
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
  Inventory inventory({}, *DefaultRule::parse(config::kDefaultRule, error), "0123456789ab");
  Time now{1};
  for (std::string_view line : split(conversation, '\n')) {
    say(inventory, line, now);
    now = now + 1s;
    inventory.overdue(now);
  }
  check(inventory);
  return 0;
}
