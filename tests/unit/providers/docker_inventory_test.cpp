// What is taken from events, lists and inspections, and in which order they may come.
#include "providers/docker/inventory.h"

#include "config/static_providers.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::providers::docker;

namespace {

Container running(const std::string& id, const std::string& ip = "10.0.0.2") {
  Container container;
  container.id = id;
  container.name = id;
  container.state = State::running;
  container.network_mode = "bridge";
  container.networks = {{"bridge", ip, ""}};
  container.ports = {Port{80, Protocol::tcp, {}}};
  return container;
}

const Time kStart{1'000'000'000};

Inventory inventory(std::string own_id = "", Duration grace = 0s) {
  std::string error;
  return Inventory({}, *DefaultRule::parse(config::kDefaultRule, error), std::move(own_id), grace);
}

Event event(Event::Kind kind, const std::string& id, int signal = 0) {
  Event made;
  made.kind = kind;
  made.container = id;
  made.signal = signal;
  return made;
}
Event started(const std::string& id) {
  Event made = event(Event::Kind::changed, id);
  made.started = true;
  return made;
}

// "absent", "empty", or the URL of the only server.
std::string service(Inventory& inventory, const std::string& name) {
  control::Fragment fragment = inventory.fragment(kStart);
  auto found = fragment.configuration.http.services.find(name);
  if (found == fragment.configuration.http.services.end()) return "absent";
  const auto& servers = found->second.load_balancer->servers;
  return servers.empty() ? "empty" : servers.at(0).url;
}

std::vector<std::string> list(Inventory& inventory, std::vector<Container> containers) {
  bool changed = false;
  return inventory.reconcile(std::move(containers), inventory.sequence(), changed);
}

using Ids = std::vector<std::string>;

Ids overdue(Inventory& inventory, Time now) {
  bool changed = false;
  return inventory.overdue(now, changed);
}

}  // namespace

TEST_CASE("a list asks for a look at each new container, and at none that it said the same of") {
  Inventory all = inventory();
  CHECK(list(all, {running("a"), running("b", "10.0.0.3")}) == Ids{"a", "b"});
  CHECK(list(all, {running("a"), running("b", "10.0.0.3")}).empty());
  CHECK(list(all, {running("a"), running("b", "10.0.0.4")}) == Ids{"b"});
}

TEST_CASE("containers that take no part are not looked at, but lend their network") {
  Inventory all = inventory();
  Container vpn = running("vpn", "10.0.0.9");
  vpn.labels["traefik.enable"] = "false";
  Container web = running("web");
  web.networks.clear();
  web.network_mode = "container:vpn";
  CHECK(list(all, {vpn, web}) == Ids{"web"});
  CHECK(service(all, "web") == "http://10.0.0.9:80");
  // The lender gets another address.
  vpn.networks[0].ipv4 = "10.0.0.10";
  CHECK(list(all, {vpn, web}).empty());
  CHECK(service(all, "web") == "http://10.0.0.10:80");
}

TEST_CASE("the stop signal of the container takes it out, other signals do not, and SIGKILL does") {
  Inventory all = inventory();
  Container web = running("web");
  web.stop_signal = 3;
  list(all, {web});
  all.seen("web", web, all.sequence());
  CHECK_FALSE(all.apply(event(Event::Kind::signal, "web", 15), kStart).changed);
  CHECK(service(all, "web") == "http://10.0.0.2:80");
  CHECK(all.apply(event(Event::Kind::signal, "web", 3), kStart).changed);
  CHECK(service(all, "web") == "empty");
  CHECK_FALSE(all.apply(started("web"), kStart).changed);
  all.seen("web", running("web", "10.0.0.5"), all.sequence());
  CHECK(service(all, "web") == "http://10.0.0.5:80");
  CHECK(all.apply(event(Event::Kind::signal, "web", 9), kStart).changed);
  CHECK(service(all, "web") == "empty");
}

TEST_CASE("a container that was told to stop and does not serves again after a while") {
  Inventory all = inventory();
  list(all, {running("web")});
  all.apply(event(Event::Kind::signal, "web", 15), kStart);
  // The engine goes on saying that it runs: that does not bring it back.
  all.seen("web", running("web"), all.sequence());
  CHECK(service(all, "web") == "empty");
  CHECK(all.next_overdue() == kStart + Inventory::kLeaveGrace);
  CHECK(overdue(all, kStart + (Inventory::kLeaveGrace - 1ns)).empty());
  CHECK(overdue(all, kStart + Inventory::kLeaveGrace) == Ids{"web"});
  CHECK(service(all, "web") == "http://10.0.0.2:80");
  CHECK(all.next_overdue().is_never());
}

TEST_CASE("what ended is out before anybody was asked, and looked at") {
  Inventory all = inventory();
  list(all, {running("web")});
  auto consequence = all.apply(event(Event::Kind::ended, "web"), kStart);
  CHECK(consequence.changed);
  CHECK(consequence.look);
  CHECK(service(all, "web") == "absent");
  // The engine says that it was started again.
  CHECK(all.seen("web", running("web"), all.sequence()));
  CHECK(service(all, "web") == "http://10.0.0.2:80");
}

TEST_CASE("an answer that is older than an event about its container is not taken") {
  Inventory all = inventory();
  list(all, {running("web")});
  std::uint64_t asked_at = all.sequence();
  all.apply(event(Event::Kind::ended, "web"), kStart);
  CHECK_FALSE(all.seen("web", running("web"), asked_at));
  CHECK(service(all, "web") == "absent");
  bool changed = false;
  CHECK(all.reconcile({running("web")}, asked_at, changed).empty());
  CHECK_FALSE(changed);
  CHECK(service(all, "web") == "absent");
}

TEST_CASE("a signal does not make the answer to a look worthless") {
  Inventory all = inventory();
  list(all, {running("web")});
  std::uint64_t asked_at = all.sequence();
  all.apply(event(Event::Kind::signal, "web", 15), kStart);
  CHECK(all.seen("web", running("web", "10.0.0.7"), asked_at));
  CHECK(service(all, "web") == "empty");
  overdue(all, kStart + Inventory::kLeaveGrace);
  CHECK(service(all, "web") == "http://10.0.0.7:80");
}

TEST_CASE("what is gone does not come back with a late answer") {
  Inventory all = inventory();
  list(all, {running("web")});
  std::uint64_t asked_at = all.sequence();
  CHECK(all.apply(event(Event::Kind::gone, "web"), kStart).changed);
  CHECK_FALSE(all.seen("web", running("web"), asked_at));
  bool changed = false;
  CHECK(all.reconcile({running("web")}, asked_at, changed).empty());
  CHECK_FALSE(all.seen("web", running("web"), asked_at));
  CHECK(all.containers().empty());
  // A new container may have the id's place later on (the engine never does that, but says so).
  CHECK(list(all, {running("web")}) == Ids{"web"});
}

TEST_CASE("a look that came in while a list was made is not undone by the list") {
  Inventory all = inventory();
  std::uint64_t listed_at = all.sequence();
  CHECK(all.apply(started("new"), kStart).look);
  CHECK(all.seen("new", running("new"), all.sequence()));
  bool changed = false;
  CHECK(all.reconcile({}, listed_at, changed).empty());
  CHECK_FALSE(changed);
  CHECK(service(all, "new") == "http://10.0.0.2:80");
}

TEST_CASE("an event makes the next list look again") {
  Inventory all = inventory();
  list(all, {running("web")});
  all.apply(event(Event::Kind::ended, "web"), kStart);
  all.missed("web");
  CHECK(list(all, {running("web")}) == Ids{"web"});
}

TEST_CASE("events about containers nobody knows ask for a look, except signals and ends of their existence") {
  Inventory all = inventory();
  CHECK(all.apply(started("x"), kStart).look);
  CHECK(all.apply(event(Event::Kind::ended, "x"), kStart).look);
  CHECK_FALSE(all.apply(event(Event::Kind::signal, "x", 15), kStart).look);
  auto gone = all.apply(event(Event::Kind::gone, "x"), kStart);
  CHECK_FALSE(gone.look);
  CHECK_FALSE(gone.changed);
  CHECK_FALSE(all.seen("x", std::nullopt, all.sequence()));
}

TEST_CASE("a look that brings nothing new changes nothing") {
  Inventory all = inventory();
  list(all, {running("web")});
  CHECK(all.seen("web", running("web"), all.sequence()));  // not published yet
  all.fragment(kStart);
  CHECK_FALSE(all.seen("web", running("web"), all.sequence()));
  CHECK(all.seen("web", running("web", "10.0.0.3"), all.sequence()));
}

TEST_CASE("the container we run in is known by its host name, and its networks are preferred") {
  Container self = running("0123456789abcdef");
  self.labels["traefik.enable"] = "false";
  self.networks = {{"proxy", "10.2.0.1", ""}};
  Container web = running("web");
  web.networks = {{"app", "10.1.0.2", ""}, {"proxy", "10.2.0.2", ""}};
  Inventory outside = inventory();
  list(outside, {self, web});
  CHECK(service(outside, "web") == "http://10.1.0.2:80");
  Inventory inside = inventory("0123456789ab");
  list(inside, {self, web});
  CHECK(service(inside, "web") == "http://10.2.0.2:80");
  self.network_mode = "host";
  list(inside, {self, web});
  CHECK(service(inside, "web") == "http://10.1.0.2:80");
}

TEST_CASE("containers on the host's network are served once the host's address is known") {
  Inventory all = inventory();
  Container web = running("web");
  web.network_mode = "host";
  web.networks = {{"host", "", ""}};
  CHECK_FALSE(all.has_host_networking());
  list(all, {web});
  CHECK(all.has_host_networking());
  CHECK(service(all, "web") == "empty");
  CHECK(all.set_host_address("127.0.0.1"));
  CHECK_FALSE(all.set_host_address("127.0.0.1"));
  CHECK(service(all, "web") == "http://127.0.0.1:80");
}

TEST_CASE("a fragment is complete and named") {
  Inventory all = inventory();
  list(all, {running("a"), running("b", "10.0.0.3")});
  control::Fragment fragment = all.fragment(kStart);
  CHECK(fragment.provider == "docker");
  CHECK(fragment.configuration.http.routers.size() == 2);
  CHECK(all.fragment(kStart).configuration == fragment.configuration);
}

TEST_CASE("the container we run in gets no default route to itself, but what its labels say") {
  Container self = running("0123456789abcdef");
  self.name = "edge";
  Inventory all = inventory("0123456789ab");
  list(all, {self, running("web", "10.0.0.3")});
  CHECK(service(all, "edge") == "absent");
  CHECK(all.fragment(kStart).configuration.http.routers.size() == 1);
  self.labels["traefik.http.routers.dash.rule"] = "Host(`dash`)";
  self.labels["traefik.http.routers.dash.service"] = "api@internal";
  self.labels["traefik.http.routers.bare.entrypoints"] = "web";
  bool changed = false;
  all.reconcile({self}, all.sequence(), changed);
  all.seen(self.id, self, all.sequence());
  control::Fragment fragment = all.fragment(kStart);
  CHECK(fragment.configuration.http.routers.contains("dash"));
  CHECK_FALSE(fragment.configuration.http.routers.contains("bare"));
}

TEST_CASE("a container without an address is looked at again, less and less often, until it has one") {
  Inventory all = inventory();
  list(all, {running("web", "")});
  CHECK(service(all, "web") == "empty");
  CHECK(all.next_overdue() == kStart + Inventory::kFirstRelook);
  Time now = kStart;
  int looks = 0;
  while (!all.next_overdue().is_never()) {
    now = all.next_overdue();
    CHECK(overdue(all, now) == Ids{"web"});
    CHECK_FALSE(all.seen("web", running("web", ""), all.sequence()));
    REQUIRE(++looks <= Inventory::kMostRelooks);
  }
  CHECK(looks == Inventory::kMostRelooks);
  CHECK(now - kStart > 20s);
  CHECK(all.seen("web", running("web", "10.0.0.5"), all.sequence()));
  CHECK(service(all, "web") == "http://10.0.0.5:80");
  CHECK(all.next_overdue().is_never());
}

TEST_CASE("a container that is on no network by choice is not waited for") {
  Inventory all = inventory();
  Container web = running("web", "");
  web.network_mode = "none";
  list(all, {web});
  CHECK(service(all, "web") == "empty");
  CHECK(all.next_overdue().is_never());
}

TEST_CASE("the routes of the last container stay for the grace time, without a server and behind all others") {
  Inventory all = inventory("", 30s);
  list(all, {running("web"), running("other", "10.0.0.3")});
  CHECK(service(all, "web") == "http://10.0.0.2:80");
  SECTION("it ended") { all.apply(event(Event::Kind::ended, "web"), kStart); }
  SECTION("it is gone") { all.apply(event(Event::Kind::gone, "web"), kStart); }
  SECTION("a list lacks it") { list(all, {running("other", "10.0.0.3")}); }
  SECTION("it ended, and then is gone") {
    all.apply(event(Event::Kind::ended, "web"), kStart);
    CHECK(service(all, "web") == "empty");
    all.apply(event(Event::Kind::gone, "web"), kStart);
  }
  CHECK(service(all, "web") == "empty");
  control::Fragment fragment = all.fragment(kStart);
  CHECK(fragment.configuration.http.routers.at("web").priority == HeldRoutes::kPriority);
  CHECK(fragment.configuration.http.routers.at("other").priority == 0);
  REQUIRE(fragment.report.size() == 1);
  CHECK(fragment.report[0].severity == config::Severity::info);

  CHECK(all.next_overdue() == kStart + 30s);
  bool changed = false;
  CHECK(all.overdue(kStart + 29s, changed).empty());
  CHECK_FALSE(changed);
  CHECK(all.overdue(kStart + 30s, changed).empty());
  CHECK(changed);
  CHECK(service(all, "web") == "absent");
  CHECK(all.next_overdue().is_never());
}

TEST_CASE("a container that comes back, or another that says the same, ends the grace time") {
  Inventory all = inventory("", 30s);
  Container web = running("web");
  web.labels["traefik.http.routers.app.rule"] = "Host(`a`)";
  web.labels["traefik.http.services.app.loadbalancer.server.port"] = "80";
  list(all, {web});
  CHECK(service(all, "app") == "http://10.0.0.2:80");
  all.apply(event(Event::Kind::ended, "web"), kStart);
  CHECK(service(all, "app") == "empty");
  SECTION("the same") {
    all.apply(started("web"), kStart);
    all.seen("web", web, all.sequence());
    CHECK(service(all, "app") == "http://10.0.0.2:80");
  }
  SECTION("another") {
    Container next = web;
    next.id = next.name = "next";
    next.networks[0].ipv4 = "10.0.0.9";
    all.apply(started("next"), kStart);
    all.seen("next", next, all.sequence());
    CHECK(service(all, "app") == "http://10.0.0.9:80");
    // Another router of the old one to a service that is there now would be a route nobody defines.
    all.apply(event(Event::Kind::gone, "web"), kStart);
  }
  CHECK(all.fragment(kStart).configuration.http.routers.at("app").priority == 0);
  CHECK(all.fragment(kStart).report.empty());
}

TEST_CASE("a container that is switched off by its labels, and routes that lead elsewhere, are not held") {
  Inventory all = inventory("", 30s);
  Container web = running("web");
  web.labels["traefik.http.routers.dash.rule"] = "Host(`dash`)";
  web.labels["traefik.http.routers.dash.service"] = "api@internal";
  list(all, {web, running("other", "10.0.0.3")});
  CHECK(all.fragment(kStart).configuration.http.routers.size() == 2);
  all.apply(event(Event::Kind::gone, "web"), kStart);
  CHECK_FALSE(all.fragment(kStart).configuration.http.routers.contains("dash"));
  Container off = running("other", "10.0.0.3");
  off.labels["traefik.enable"] = "false";
  all.seen("other", off, all.sequence());
  CHECK(service(all, "other") == "absent");
}
