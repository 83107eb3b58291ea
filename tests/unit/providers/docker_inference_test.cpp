// From labels to routers and services: every rule of inference, and what it does with mistakes.
#include "providers/docker/inference.h"

#include <algorithm>

#include "config/static_providers.h"
#include "providers/docker/names.h"
#include "providers/docker/problem_codes.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::providers::docker;

namespace {

using Labels = std::map<std::string, std::string>;

// Compose service "svc" of project "proj" with one address, exposing port 80.
Container compose(Labels labels) {
  Container container;
  container.id = "0123456789abcdef";
  container.name = "proj-svc-1";
  container.state = State::running;
  container.labels = std::move(labels);
  container.labels.emplace("com.docker.compose.service", "svc");
  container.labels.emplace("com.docker.compose.project", "proj");
  container.networks = {{"proj_default", "10.0.0.2", ""}};
  container.ports = {Port{80, Protocol::tcp, {}}};
  return container;
}

DefaultRule rule(const std::string& text = config::kDefaultRule) {
  std::string error;
  auto parsed = DefaultRule::parse(text, error);
  INFO(error);
  REQUIRE(parsed);
  return *std::move(parsed);
}

Contribution infer(const Container& container, const InferenceOptions& options = {},
                   const std::string& default_rule = config::kDefaultRule, bool leaving = false) {
  DefaultRule parsed = rule(default_rule);
  return infer(container, leaving, {{container.id, container}}, options, parsed);
}

Contribution infer_labels(Labels labels) { return infer(compose(std::move(labels))); }

std::vector<std::string> urls(const Contribution& result, const std::string& service) {
  std::vector<std::string> found;
  auto entry = result.dynamic.http.services.find(service);
  if (entry == result.dynamic.http.services.end() || !entry->second.load_balancer) return {"<no service>"};
  for (const config::Server& server : entry->second.load_balancer->servers) found.push_back(server.url);
  return found;
}

template <class Map>
std::vector<std::string> names(const Map& map) {
  std::vector<std::string> result;
  result.reserve(map.size());
  for (const auto& [name, unused] : map) result.push_back(name);
  return result;
}

bool reports(const Contribution& result, std::string_view code) {
  return std::any_of(result.report.begin(), result.report.end(), [&](const auto& p) { return p.code == code; });
}

bool clean(const Contribution& result) {
  for (const config::Problem& problem : result.report) UNSCOPED_INFO(config::to_line(problem));
  return !config::has_errors(result.report);
}

using Names = std::vector<std::string>;

}  // namespace

// The worked examples of a minimal container.

TEST_CASE("no labels at all: router and service named after the compose service, default rule, the exposed port") {
  Contribution result = infer_labels(Labels{});
  REQUIRE(clean(result));
  REQUIRE(names(result.dynamic.http.routers) == Names{"svc-proj"});
  const config::HttpRouter& router = result.dynamic.http.routers.at("svc-proj");
  CHECK(router.rule == "Host(`svc-proj`)");
  CHECK(router.rule_syntax == "v3");
  CHECK(router.service == "svc-proj");
  CHECK(router.entry_points.empty());
  CHECK_FALSE(router.tls);
  CHECK(urls(result, "svc-proj") == Names{"http://10.0.0.2:80"});
}

TEST_CASE("a router with a rule gets the container's own service") {
  Contribution result = infer_labels({{"traefik.http.routers.app.rule", "Host(`a.example`)"}});
  REQUIRE(clean(result));
  CHECK(names(result.dynamic.http.routers) == Names{"app"});
  CHECK(result.dynamic.http.routers.at("app").service == "svc-proj");
  CHECK(result.dynamic.http.routers.at("app").rule_syntax.empty());
}

TEST_CASE("a router without a service gets the only one") {
  Contribution result = infer_labels({{"traefik.http.routers.app.rule", "Host(`a.example`)"},
                                      {"traefik.http.services.api.loadbalancer.server.port", "3000"}});
  REQUIRE(clean(result));
  CHECK(result.dynamic.http.routers.at("app").service == "api");
  CHECK(names(result.dynamic.http.services) == Names{"api"});
  CHECK(urls(result, "api") == Names{"http://10.0.0.2:3000"});
}

TEST_CASE("two routers share one service") {
  Contribution result =
      infer_labels({{"traefik.http.routers.a.rule", "Host(`a`)"}, {"traefik.http.routers.b.rule", "Host(`b`)"}});
  REQUIRE(clean(result));
  CHECK(result.dynamic.http.routers.at("a").service == "svc-proj");
  CHECK(result.dynamic.http.routers.at("b").service == "svc-proj");
}

TEST_CASE("with two services a router must name one; the router that does not is left out alone") {
  Contribution result = infer_labels({{"traefik.http.routers.good.rule", "Host(`a`)"},
                                      {"traefik.http.routers.good.service", "one"},
                                      {"traefik.http.routers.bad.rule", "Host(`b`)"},
                                      {"traefik.http.services.one.loadbalancer.server.port", "1"},
                                      {"traefik.http.services.two.loadbalancer.server.port", "2"}});
  CHECK(names(result.dynamic.http.routers) == Names{"good"});
  REQUIRE(reports(result, code::kAmbiguous));
  CHECK(result.report.at(0).what.find("Router bad") == std::string::npos);
  CHECK(result.report.at(0).what == "HTTP router bad cannot be linked automatically with multiple Services: one, two");
  CHECK(result.report.at(0).source.where == "container proj-svc-1 label traefik.http.routers.bad.rule");
}

TEST_CASE("two services and no router: no router is made up") {
  Contribution result = infer_labels({{"traefik.http.services.one.loadbalancer.server.port", "1"},
                                      {"traefik.http.services.two.loadbalancer.server.port", "2"}});
  CHECK(result.dynamic.http.routers.empty());
  CHECK(urls(result, "one") == Names{"http://10.0.0.2:1"});
  CHECK(urls(result, "two") == Names{"http://10.0.0.2:2"});
}

TEST_CASE("a certificate resolver makes a TLS router") {
  Contribution result = infer_labels(
      {{"traefik.http.routers.app.rule", "Host(`a`)"}, {"traefik.http.routers.app.tls.certresolver", "le"}});
  REQUIRE(clean(result));
  REQUIRE(result.dynamic.http.routers.at("app").tls);
  CHECK(result.dynamic.http.routers.at("app").tls->cert_resolver == "le");
}

TEST_CASE("a router to an internal service keeps it, with or without a port") {
  Labels labels{{"traefik.http.routers.dash.rule", "Host(`d`)"}, {"traefik.http.routers.dash.service", "api@internal"}};
  Contribution with_port = infer_labels(labels);
  CHECK(clean(with_port));
  CHECK(with_port.dynamic.http.routers.at("dash").service == "api@internal");
  CHECK(names(with_port.dynamic.http.services) == Names{"svc-proj"});

  Container bare = compose(labels);
  bare.ports.clear();
  Contribution without_port = infer(bare);
  CHECK(clean(without_port));
  CHECK(without_port.dynamic.http.routers.at("dash").service == "api@internal");
  CHECK(without_port.dynamic.http.services.empty());
}

TEST_CASE("a container that only defines a middleware publishes it, and a default router") {
  Contribution result = infer_labels({{"traefik.http.middlewares.auth.basicauth.users", "a:b"}});
  REQUIRE(clean(result));
  CHECK(names(result.dynamic.http.middlewares) == Names{"auth"});
  CHECK(names(result.dynamic.http.routers) == Names{"svc-proj"});
}

TEST_CASE("settings of the load balancer stay with the default or named service") {
  Contribution result = infer_labels({{"traefik.http.services.api.loadbalancer.passhostheader", "false"},
                                      {"traefik.http.services.api.loadbalancer.sticky.cookie", "true"}});
  REQUIRE(clean(result));
  const config::LoadBalancer& balancer = *result.dynamic.http.services.at("api").load_balancer;
  CHECK_FALSE(balancer.pass_host_header);
  CHECK(balancer.sticky);
  CHECK(urls(result, "api") == Names{"http://10.0.0.2:80"});
}

TEST_CASE("what labels say about the server ends in its URL") {
  Contribution result = infer_labels({{"traefik.http.services.a.loadbalancer.server.scheme", "h2c"},
                                      {"traefik.http.services.a.loadbalancer.server.weight", "7"},
                                      {"traefik.http.services.a.loadbalancer.server.preservepath", "true"},
                                      {"traefik.http.services.b.loadbalancer.server.url", "http://other.example:9/x"},
                                      {"traefik.http.services.c.loadbalancer.server.url", "http://x"},
                                      {"traefik.http.services.c.loadbalancer.server.port", "1"}});
  CHECK(urls(result, "a") == Names{"h2c://10.0.0.2:80"});
  const config::Server& server = result.dynamic.http.services.at("a").load_balancer->servers.at(0);
  CHECK(server.weight == 7);
  CHECK(server.preserve_path);
  CHECK(urls(result, "b") == Names{"http://other.example:9/x"});
  CHECK(urls(result, "c").empty());
  CHECK(reports(result, code::kContradiction));
}

// Ports and addresses.

TEST_CASE("without a port the routers stay and the service has no server") {
  Container container = compose({{"traefik.http.routers.app.rule", "Host(`a`)"}});
  container.ports.clear();
  Contribution result = infer(container);
  CHECK(names(result.dynamic.http.routers) == Names{"app"});
  CHECK(urls(result, "svc-proj").empty());
  REQUIRE(reports(result, code::kNoPort));
  CHECK(result.report.at(0).what.find("port is missing") == 0);
  CHECK(result.report.at(0).fix == "add a label traefik.http.services.svc-proj.loadbalancer.server.port");
}

TEST_CASE("without an address the service has no server, and the report says which networks there are") {
  Container container = compose({});
  container.networks = {{"none", "", ""}};
  Contribution result = infer(container);
  CHECK(urls(result, "svc-proj").empty());
  CHECK(reports(result, code::kNoAddress));
}

TEST_CASE("a port label that is no port costs its service the server") {
  for (const char* port : {"0", "65536", "-1", "http", "80;443", "99999999999999999999", " "}) {
    CAPTURE(port);
    Contribution result = infer_labels({{"traefik.http.services.a.loadbalancer.server.port", port}});
    bool judged = reports(result, code::kWrongPort) || result.dynamic.http.services.empty() ||
                  urls(result, "a") != Names{"http://10.0.0.2:80"};
    CHECK(judged);
  }
  Contribution result = infer_labels({{"traefik.http.services.a.loadbalancer.server.port", "65536"},
                                      {"traefik.http.services.b.loadbalancer.server.port", "65535"}});
  CHECK(urls(result, "a").empty());
  CHECK(urls(result, "b") == Names{"http://10.0.0.2:65535"});
  CHECK(reports(result, code::kWrongPort));
}

TEST_CASE("of several exposed ports the lowest is taken, and said once") {
  Container container = compose({});
  container.ports = {Port{53, Protocol::udp, {}}, Port{8080, Protocol::tcp, {}}, Port{9000, Protocol::tcp, {}}};
  Contribution result = infer(container);
  CHECK(urls(result, "svc-proj") == Names{"http://10.0.0.2:8080"});
  REQUIRE(result.report.size() == 1);
  CHECK(result.report[0].severity == config::Severity::info);
  CHECK(result.report[0].what == "service svc-proj: the container exposes 8080, 9000; 8080 was picked");
}

TEST_CASE("a network that is not there is a warning and the container is served") {
  Contribution result = infer_labels({{"traefik.docker.network", "edge"}});
  CHECK(urls(result, "svc-proj") == Names{"http://10.0.0.2:80"});
  REQUIRE(reports(result, code::kNetworkChoice));
  CHECK(result.report[0].what.find("Could not find network named edge") == 0);
}

// TCP and UDP.

TEST_CASE("a TCP router gets the container's own service; there is no HTTP beside it") {
  Contribution result = infer_labels(
      {{"traefik.tcp.routers.db.rule", "HostSNI(`db.example`)"}, {"traefik.tcp.routers.db.tls.passthrough", "true"}});
  REQUIRE(clean(result));
  CHECK(result.dynamic.tcp.routers.at("db").service == "svc-proj");
  CHECK(result.dynamic.tcp.services.at("svc-proj").load_balancer->servers.at(0).address == "10.0.0.2:80");
  CHECK(result.dynamic.http == config::Http());
}

TEST_CASE("a TCP service alone makes no router") {
  Contribution result = infer_labels({{"traefik.tcp.services.db.loadbalancer.server.port", "5432"},
                                      {"traefik.tcp.services.db.loadbalancer.server.tls", "true"}});
  REQUIRE(clean(result));
  CHECK(result.dynamic.tcp.routers.empty());
  const config::TcpServer& server = result.dynamic.tcp.services.at("db").load_balancer->servers.at(0);
  CHECK(server.address == "10.0.0.2:5432");
  CHECK(server.tls);
  CHECK(result.dynamic.http == config::Http());
}

TEST_CASE("a TCP router without a rule is left out, one without a service among several too") {
  Contribution result = infer_labels({{"traefik.tcp.routers.norule.entrypoints", "db"},
                                      {"traefik.tcp.routers.lost.rule", "HostSNI(`*`)"},
                                      {"traefik.tcp.services.a.loadbalancer.server.port", "1"},
                                      {"traefik.tcp.services.b.loadbalancer.server.port", "2"}});
  CHECK(result.dynamic.tcp.routers.empty());
  CHECK(reports(result, code::kNoRule));
  CHECK(reports(result, code::kAmbiguous));
  CHECK(names(result.dynamic.tcp.services) == Names{"a", "b"});
}

TEST_CASE("UDP takes the lowest UDP port and needs no rule") {
  Container container = compose({{"traefik.udp.routers.dns.entrypoints", "dns"}});
  container.ports = {Port{80, Protocol::tcp, {}}, Port{5353, Protocol::udp, {}}};
  Contribution result = infer(container);
  REQUIRE(clean(result));
  CHECK(result.dynamic.udp.routers.at("dns").service == "svc-proj");
  CHECK(result.dynamic.udp.services.at("svc-proj").load_balancer->servers.at(0).address == "10.0.0.2:5353");
  CHECK(result.dynamic.http == config::Http());
}

TEST_CASE("TCP and HTTP labels together give both, the HTTP part with its defaults") {
  Contribution result =
      infer_labels({{"traefik.tcp.routers.db.rule", "HostSNI(`*`)"}, {"traefik.http.routers.web.rule", "Host(`a`)"}});
  REQUIRE(clean(result));
  CHECK(names(result.dynamic.tcp.services) == Names{"svc-proj"});
  CHECK(names(result.dynamic.http.services) == Names{"svc-proj"});
  CHECK(result.dynamic.http.routers.at("web").service == "svc-proj");
}

// The default rule.

TEST_CASE("the default rule sees name, container name and labels") {
  Container container = compose({{"team", "blue"}, {"traefik.http.routers.app.entrypoints", "web"}});
  Contribution result =
      infer(container, {}, "Host(`{{ .Name }}.{{ index .Labels \"team\" }}.{{ .ContainerName }}.example`)");
  CHECK(result.dynamic.http.routers.at("app").rule == "Host(`svc-proj.blue.proj-svc-1.example`)");
}

TEST_CASE("a default rule that gives nothing, or fails, costs the routers without a rule and nothing else") {
  Container container =
      compose({{"traefik.http.routers.a.entrypoints", "web"}, {"traefik.http.routers.b.rule", "Host(`b`)"}});
  for (const char* text : {"{{ if false }}x{{ end }}", "   ", "{{ fail \"no\" }}"}) {
    CAPTURE(text);
    std::string error;
    if (!DefaultRule::parse(text, error)) continue;  // no such function
    Contribution result = infer(container, {}, text);
    CHECK(names(result.dynamic.http.routers) == Names{"b"});
    CHECK(reports(result, code::kDefaultRule));
  }
  std::string error;
  CHECK_FALSE(DefaultRule::parse("Host(`{{ .Name `)", error));
  CHECK_FALSE(error.empty());
}

TEST_CASE("names: compose service and project, else the container's name, normalised") {
  Container container = compose({});
  container.labels["com.docker.compose.project"] = "my_app";
  CHECK(service_name(container) == "svc_my_app");
  CHECK(names(infer(container).dynamic.http.routers) == Names{"svc-my-app"});
  container.labels.erase("com.docker.compose.project");
  container.name = "Web_1.x";
  CHECK(service_name(container) == "Web_1.x");
  CHECK(names(infer(container).dynamic.http.routers) == Names{"Web-1-x"});
  container.name.clear();
  CHECK(display_name(container) == "0123456789ab");
}

// Mistakes.

TEST_CASE("one bad label costs one object") {
  Contribution result = infer_labels({{"traefik.http.routers.good.rule", "Host(`a`)"},
                                      {"traefik.http.routers.bad.rule", "Host(`b`)"},
                                      {"traefik.http.routers.bad.entrypoint", "web"}});
  CHECK(names(result.dynamic.http.routers) == Names{"good"});
  CHECK(urls(result, "svc-proj") == Names{"http://10.0.0.2:80"});
  CHECK(config::has_errors(result.report));
}

TEST_CASE("a router that was left out is not replaced by a default one") {
  Contribution result =
      infer_labels({{"traefik.http.routers.app.rule", "Host(`a`)"}, {"traefik.http.routers.app.rul", "x"}});
  CHECK(result.dynamic.http.routers.empty());
}

TEST_CASE("a service that was left out is not replaced, and no router is linked to another by guess") {
  Contribution result = infer_labels({{"traefik.http.routers.app.rule", "Host(`a`)"},
                                      {"traefik.http.services.admin.loadbalancer.server.port", "9"},
                                      {"traefik.http.services.web.loadbalancer.server.prot", "80"}});
  CHECK(result.dynamic.http.routers.empty());
  CHECK(names(result.dynamic.http.services) == Names{"admin"});
  CHECK(reports(result, code::kAmbiguous));
}

TEST_CASE("labels that decide about the container and cannot be read skip it, and say so") {
  for (const Labels& labels : {Labels{{"traefik.enable", "yes please"}}, Labels{{"traefik.enable", ""}},
                               Labels{{"traefik.docker.netwrok", "x"}}}) {
    Contribution result = infer_labels(labels);
    CHECK(result.dynamic == config::Dynamic());
    CHECK(config::has_errors(result.report));
  }
}

TEST_CASE("labels of no use to us are passed over") {
  Contribution result = infer_labels({{"maintainer", "x"}, {"traefikx.enable", "false"}, {"org.traefik", "1"}});
  CHECK(clean(result));
  CHECK(names(result.dynamic.http.routers) == Names{"svc-proj"});
}

// Who takes part.

TEST_CASE("exposedByDefault and traefik.enable decide; nothing is said about who is switched off") {
  InferenceOptions hidden;
  hidden.exposure.by_default = false;
  CHECK(infer(compose({}), hidden).dynamic == config::Dynamic());
  CHECK_FALSE(infer(compose({{"traefik.enable", "true"}}), hidden).dynamic.http.routers.empty());
  Contribution off = infer(compose({{"traefik.enable", "false"}, {"traefik.http.routers.x.nonsense", "1"}}));
  CHECK(off.dynamic == config::Dynamic());
  CHECK(off.report.empty());
}

TEST_CASE("a container that does not meet the constraint takes no part") {
  InferenceOptions options;
  std::string error;
  options.exposure.constraint = Constraint::parse("Label(`tier`, `front`)", error);
  REQUIRE(options.exposure.constraint);
  CHECK(infer(compose({{"traefik.enable", "true"}}), options).dynamic == config::Dynamic());
  CHECK_FALSE(infer(compose({{"tier", "front"}}), options).dynamic.http.routers.empty());
  CHECK(infer(compose({{"tier", "front"}, {"traefik.enable", "false"}}), options).dynamic == config::Dynamic());
}

TEST_CASE("state and health decide: what is meant to run keeps its routers, only what is ready gets requests") {
  enum Expect { absent, empty, serving };
  struct Row {
    State state;
    Health health;
    bool allow_non_running;
    Expect expected;
  };
  const Row rows[] = {
      {State::running, Health::none, false, serving},     {State::running, Health::healthy, false, serving},
      {State::running, Health::starting, false, empty},   {State::running, Health::unhealthy, false, empty},
      {State::paused, Health::none, false, empty},        {State::paused, Health::healthy, false, empty},
      {State::restarting, Health::none, false, empty},    {State::created, Health::none, false, absent},
      {State::ended, Health::none, false, absent},        {State::ended, Health::unhealthy, false, absent},
      {State::running, Health::unhealthy, true, serving}, {State::ended, Health::unhealthy, true, empty},
      {State::paused, Health::none, true, empty},         {State::created, Health::none, true, empty},
      {State::restarting, Health::starting, true, empty},
  };
  for (const Row& row : rows) {
    CAPTURE(static_cast<int>(row.state), static_cast<int>(row.health), row.allow_non_running);
    Container container = compose({{"traefik.http.routers.app.rule", "Host(`a`)"}});
    if (row.allow_non_running) container.labels["traefik.docker.allownonrunning"] = "true";
    container.state = row.state;
    container.health = row.health;
    Contribution result = infer(container);
    Expect got = result.dynamic == config::Dynamic() ? absent : urls(result, "svc-proj").empty() ? empty : serving;
    CHECK(got == row.expected);
    CHECK_FALSE(config::has_errors(result.report));
  }
}

TEST_CASE("a container that was told to stop keeps its routers and gets no requests") {
  Container container = compose({{"traefik.http.routers.app.rule", "Host(`a`)"}});
  Contribution result = infer(container, {}, config::kDefaultRule, true);
  CHECK(names(result.dynamic.http.routers) == Names{"app"});
  CHECK(urls(result, "svc-proj").empty());
  CHECK_FALSE(config::has_errors(result.report));
}

TEST_CASE("no server ever has an empty address, whatever the container looks like") {
  for (int variant = 0; variant < 64; ++variant) {
    Container container =
        compose({{"traefik.tcp.routers.t.rule", "HostSNI(`*`)"}, {"traefik.http.routers.h.rule", "Host(`h`)"}});
    if (variant & 1) container.networks.clear();
    if (variant & 2) container.ports.clear();
    if (variant & 4) container.network_mode = "host";
    if (variant & 8) container.network_mode = "container:" + container.id;  // itself
    if (variant & 16) container.networks.push_back({"late", "", ""});
    if (variant & 32) container.labels["traefik.docker.network"] = "late";
    Contribution result = infer(container);
    for (const auto& [name, service] : result.dynamic.http.services) {
      for (const config::Server& server : service.load_balancer->servers) {
        CHECK(server.url.find("//:") == std::string::npos);
      }
    }
    for (const auto& [name, service] : result.dynamic.tcp.services) {
      for (const config::TcpServer& server : service.load_balancer->servers) CHECK(server.address.front() != ':');
    }
  }
}

TEST_CASE("a one-off of compose takes no part unless a label of its own says so") {
  Labels labels{{"traefik.enable", "true"}, {"com.docker.compose.oneoff", "True"}};
  CHECK(infer_labels(labels).dynamic == config::Dynamic());
  labels["com.docker.compose.oneoff"] = "False";
  CHECK_FALSE(infer_labels(labels).dynamic.http.routers.empty());
  labels["com.docker.compose.oneoff"] = "True";
  labels["traefik.docker.oneoff"] = "true";
  CHECK_FALSE(infer_labels(labels).dynamic.http.routers.empty());
}

TEST_CASE("keepPaused keeps a paused container serving") {
  Container container = compose({});
  container.state = State::paused;
  InferenceOptions options;
  CHECK(urls(infer(container, options), "svc-proj").empty());
  options.exposure.keep_paused = true;
  CHECK(urls(infer(container, options), "svc-proj") == Names{"http://10.0.0.2:80"});
}

TEST_CASE("a composed service has no server of its own and stands beside one that has") {
  Contribution result = infer_labels({{"traefik.http.services.app.loadbalancer.server.port", "80"},
                                      {"traefik.http.services.canary.weighted.services[0].name", "app"},
                                      {"traefik.http.services.canary.weighted.services[1].name", "new@file"},
                                      {"traefik.http.serverstransports.t.maxidleconnsperhost", "3"},
                                      {"traefik.tls.options.modern.minversion", "VersionTLS13"},
                                      {"traefik.http.routers.r.rule", "Host(`r`)"},
                                      {"traefik.http.routers.r.service", "canary"}});
  REQUIRE(clean(result));
  CHECK(urls(result, "app") == Names{"http://10.0.0.2:80"});
  CHECK_FALSE(result.dynamic.http.services.at("canary").load_balancer);
  CHECK(result.dynamic.http.services.at("canary").weighted->services.size() == 2);
  CHECK(result.dynamic.http.servers_transports.at("t").max_idle_conns_per_host == 3);
  CHECK(result.dynamic.tls.options.contains("modern"));
}
