// Swarm: what a manager answers, what becomes of it, and how the provider follows changes.
#include <atomic>
#include <functional>
#include <mutex>

#include "async/timer.h"
#include "providers/docker/problem_codes.h"
#include "providers/docker/swarm_provider.h"
#include "providers/docker/swarm_services.h"
#include "support/catch.h"
#include "support/scripted_server.h"
#include "unit/providers/docker_data.h"

using namespace sluice;
using namespace sluice::providers::docker;
using test::ScriptedServer;

namespace {

using Labels = std::map<std::string, std::string>;

SwarmService service(const std::string& id, Labels labels) {
  SwarmService made;
  made.id = id;
  made.name = "shop_" + id;
  made.labels = std::move(labels);
  made.virtual_ips = {{"n1", "10.0.1.2"}};
  return made;
}

SwarmTask task(const std::string& id, const std::string& of, const std::string& ip) {
  SwarmTask made;
  made.id = id;
  made.service = of;
  made.node = "node1";
  made.running = true;
  made.networks = {{"ingress", "10.255.0.9", ""}, {"shop", ip, ""}};
  return made;
}

const Labels kWeb{{"traefik.http.routers.web.rule", "Host(`w`)"},
                  {"traefik.http.services.web.loadbalancer.server.port", "80"}};

Labels with(Labels labels, const std::string& key, const std::string& value) {
  labels[key] = value;
  return labels;
}

// The URLs of service `name` after inference of all containers.
std::vector<std::string> urls(const Swarm& swarm, const std::string& name, config::Report& report,
                              const InferenceOptions& options = {}) {
  std::string error;
  auto rule = DefaultRule::parse(config::kDefaultRule, error);
  std::vector<std::string> found;
  for (const SwarmContainer& one : containers_of(swarm, report)) {
    Contribution result = infer(one.container, false, {}, options, *rule);
    report.insert(report.end(), result.report.begin(), result.report.end());
    auto entry = result.dynamic.http.services.find(name);
    if (entry == result.dynamic.http.services.end()) continue;
    if (entry->second.load_balancer->servers.empty()) found.emplace_back("empty");
    for (const config::Server& server : entry->second.load_balancer->servers) found.push_back(server.url);
  }
  return found;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the recorded answers of a manager are understood") {
  Result<std::vector<SwarmService>> services = parse_services(test::recorded("swarm_services.json"));
  REQUIRE(services.ok());
  REQUIRE(services->size() == 3);
  const SwarmService& web = services->at(0);
  CHECK(web.name == "shop_web");
  CHECK(web.labels.at("traefik.enable") == "true");
  CHECK(web.virtual_ips_used);
  REQUIRE(web.virtual_ips.size() == 2);
  CHECK(web.virtual_ips[1].address == "10.0.1.2");
  REQUIRE(web.ports.size() == 1);
  CHECK(web.ports[0].number == 80);
  CHECK(services->at(1).name == "shop_host");
  CHECK_FALSE(services->at(1).virtual_ips_used);

  Result<std::vector<SwarmTask>> tasks = parse_tasks(test::recorded("swarm_tasks.json"));
  REQUIRE(tasks.ok());
  REQUIRE(tasks->size() == 4);
  CHECK(tasks->at(0).running);
  REQUIRE(tasks->at(0).networks.size() == 2);
  CHECK(tasks->at(0).networks[0].name == "ingress");
  CHECK(tasks->at(0).networks[1] == Network{"shop", "10.0.1.29", ""});
  REQUIRE(tasks->at(2).host_ports.size() == 1);
  CHECK(tasks->at(2).host_ports[0].bindings[0].host_port == 9080);
  CHECK(tasks->at(2).networks.empty());

  auto nodes = parse_nodes(test::recorded("swarm_nodes.json"));
  REQUIRE(nodes.ok());
  CHECK(nodes->at(tasks->at(0).node) == "192.0.2.7");
  auto networks = parse_networks(test::recorded("swarm_networks.json"));
  REQUIRE(networks.ok());
  CHECK(networks->at(web.virtual_ips[1].network) == "shop");

  Swarm swarm{*services, *tasks, *nodes, *networks};
  CHECK(needs_nodes(swarm));
  CHECK(needs_networks(swarm));
  config::Report report;
  InferenceOptions options;
  options.surroundings.use_bind_port_ip = true;
  CHECK(urls(swarm, "web", report, options) == Names{"http://10.0.1.29:80", "http://10.0.1.31:80"});
  CHECK(urls(swarm, "vip", report, options) == Names{"http://10.0.1.5:80"});
  CHECK(urls(swarm, "shop-host", report, options) == Names{"http://192.0.2.7:9080"});
  CHECK(report.empty());
}

TEST_CASE("a manager that does not know its own address says it beside, and tasks that start are not running") {
  auto nodes = parse_nodes(
      R"([{"ID":"n","Status":{"Addr":"0.0.0.0"},"ManagerStatus":{"Addr":"192.0.2.9:2377"}},{"ID":"w","Status":{}}])");
  CHECK(nodes->at("n") == "192.0.2.9");
  CHECK(nodes->at("w").empty());
  auto tasks = parse_tasks(R"([{"ID":"a","Status":{"State":"starting"},"DesiredState":"running"},
                               {"ID":"b","Status":{"State":"running"},"DesiredState":"shutdown"}])");
  CHECK_FALSE(tasks->at(0).running);
  CHECK_FALSE(tasks->at(1).running);
}

TEST_CASE("answers that are something else are errors, and odd entries are left out") {
  for (const char* body : {"", "{}", "[", "null", "\"x\"", "[[[["}) {
    CHECK_FALSE(parse_services(body).ok());
    CHECK_FALSE(parse_tasks(body).ok());
    CHECK_FALSE(parse_nodes(body).ok());
    CHECK_FALSE(parse_networks(body).ok());
  }
  const char* odd = R"([1, null, {}, {"ID": "../x"}, {"ID": "a", "Spec": 7, "Status": [], "Endpoint": {"Ports": 1}}])";
  CHECK(parse_services(odd)->size() == 1);
  CHECK(parse_tasks(odd)->size() == 1);
  CHECK_FALSE(parse_tasks(odd)->at(0).running);
}

TEST_CASE("every running task is a server, and no other") {
  Swarm swarm;
  swarm.services = {service("web", kWeb), service("idle", {{"traefik.http.routers.idle.rule", "Host(`i`)"}})};
  swarm.tasks = {task("t1", "web", "10.0.1.5"), task("t2", "web", "10.0.1.6"), task("t3", "web", "10.0.1.7")};
  swarm.tasks[2].running = false;
  config::Report report;
  CHECK(urls(swarm, "web", report) == Names{"http://10.0.1.5:80", "http://10.0.1.6:80"});
  // Its host is known: 503, not 404.
  CHECK(urls(swarm, "shop-idle", report) == Names{"empty"});
}

TEST_CASE("without a port label the port the service publishes is taken") {
  Swarm swarm;
  swarm.services = {service("web", {{"traefik.http.routers.web.rule", "Host(`w`)"}})};
  swarm.tasks = {task("t1", "web", "10.0.1.5")};
  config::Report report;
  CHECK(urls(swarm, "shop-web", report) == Names{"empty"});
  swarm.services[0].ports = {Port{8080, Protocol::tcp, {}}};
  CHECK(urls(swarm, "shop-web", report) == Names{"http://10.0.1.5:8080"});
}

TEST_CASE("the network is the label's, of either spelling") {
  for (const char* key : {"traefik.swarm.network", "traefik.docker.network"}) {
    Swarm swarm;
    swarm.services = {service("web", with(kWeb, key, "edge"))};
    swarm.tasks = {task("t1", "web", "10.0.1.5")};
    swarm.tasks[0].networks.insert(swarm.tasks[0].networks.begin(), Network{"edge", "10.9.0.5", ""});
    swarm.tasks[0].networks.insert(swarm.tasks[0].networks.begin(), Network{"a", "10.8.0.5", ""});
    config::Report report;
    CHECK(urls(swarm, "web", report) == Names{"http://10.9.0.5:80"});
    CHECK(report.empty());
  }
}

TEST_CASE("labels of both spellings, or a wrong lbswarm, skip the service with a reason") {
  for (const Labels& wrong : {with(with(kWeb, "traefik.swarm.network", "a"), "traefik.docker.network", "a"),
                              with(kWeb, "traefik.swarm.lbswarm", "maybe")}) {
    Swarm swarm;
    swarm.services = {service("web", wrong)};
    swarm.tasks = {task("t1", "web", "10.0.1.5")};
    config::Report report;
    CHECK(urls(swarm, "web", report).empty());
    REQUIRE(report.size() == 1);
    CHECK(report[0].code == code::kSwarmLabels);
    CHECK(report[0].source.where == "service shop_web");
  }
}

TEST_CASE("with lbswarm the virtual address is the only server, if there is one") {
  Swarm swarm;
  swarm.services = {service("web", with(kWeb, "traefik.swarm.lbswarm", "true"))};
  swarm.tasks = {task("t1", "web", "10.0.1.5"), task("t2", "web", "10.0.1.6")};
  swarm.networks = {{"n1", "shop"}};
  CHECK(needs_networks(swarm));
  config::Report report;
  CHECK(urls(swarm, "web", report) == Names{"http://10.0.1.2:80"});
  swarm.services[0].virtual_ips_used = false;
  CHECK(urls(swarm, "web", report).size() == 2);
  CHECK(report.size() == 1);
}

TEST_CASE("a task on its node's network, or published there, is reached at the node") {
  Swarm swarm;
  swarm.services = {service("web", kWeb)};
  swarm.tasks = {task("t1", "web", "")};
  CHECK_FALSE(needs_nodes(swarm));
  swarm.tasks[0].networks = {{"host", "", ""}};
  swarm.nodes = {{"node1", "192.0.2.7"}};
  CHECK(needs_nodes(swarm));
  config::Report report;
  CHECK(urls(swarm, "web", report) == Names{"http://192.0.2.7:80"});

  swarm.tasks[0].networks.clear();
  swarm.tasks[0].host_ports = {Port{80, Protocol::tcp, {Binding{"", 8080}}}};
  CHECK(needs_nodes(swarm));
  InferenceOptions options;
  options.surroundings.use_bind_port_ip = true;
  CHECK(urls(swarm, "web", report, options) == Names{"http://192.0.2.7:8080"});
}

namespace {

// A manager with the answers of the data folder; the test's thread changes them.
class Manager {
 public:
  Manager() : server_([this](const auto& request, auto& connection) { serve(request, connection); }) {
    for (const char* what : {"services", "tasks", "nodes", "networks"}) {
      bodies_[what] = test::recorded("swarm_" + std::string(what) + ".json");
    }
  }
  ~Manager() { stopping_ = true; }

  void says(const std::string& what, const std::string& body) {
    std::lock_guard<std::mutex> lock(mutex_);
    bodies_[what] = body;
  }
  void tells_of_an_event() { ++events_; }
  void refuses_events() { refuses_ = true; }
  std::string endpoint() const { return server_.endpoint(); }
  int count(const std::string& part) const {
    std::lock_guard<std::mutex> lock(mutex_);
    int found = 0;
    for (const std::string& path : paths_) found += path.find(part) != std::string::npos ? 1 : 0;
    return found;
  }

 private:
  void serve(const ScriptedServer::Request& request, ScriptedServer::Connection& connection) {
    std::string body;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      paths_.push_back(request.path);
      for (const auto& [what, text] : bodies_) {
        if (request.path.find("/" + what) != std::string::npos) body = text;
      }
    }
    if (request.path == "/_ping") return connection.reply(200, "OK", "Api-Version: 1.41\r\n");
    if (request.path.find("/events") == std::string::npos) {
      return connection.reply(body.empty() ? 404 : 200, body, "Api-Version: 1.41\r\n");
    }
    if (refuses_) return connection.reply(403, "Forbidden");
    connection.begin_stream();
    int seen = 0;
    while (!stopping_) {
      if (seen == events_) {
        std::this_thread::sleep_for(2ms);
        continue;
      }
      ++seen;
      if (!connection.chunk(R"({"Type":"service","Action":"update","Actor":{"ID":"x"}})"
                            "\n"))
        break;
    }
    connection.close();
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::string> bodies_;
  std::vector<std::string> paths_;
  std::atomic<int> events_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> refuses_{false};
  ScriptedServer server_;  // last: its threads use everything above
};

class Sink final : public control::FragmentSink {
 public:
  void publish(control::Fragment fragment) override {
    latest = std::move(fragment);
    ++published;
  }
  control::Fragment latest;
  int published = 0;
};

class Edge {
 public:
  Edge(const Manager& manager, Duration refresh) : client_("Sluice/test") {
    config::SwarmProvider options;
    options.endpoint = manager.endpoint();
    options.exposed_by_default = false;
    options.refresh_seconds = refresh;
    Timing timing;
    timing.first_retry = timing.last_local = 4ms;
    timing.task_settle = 20ms;
    config::Report report;
    provider_ = SwarmProvider::make(options, client_, report, timing);
    SLUICE_CHECK(provider_ != nullptr);
    scope_.spawn(provider_->run(sink));
  }
  ~Edge() {
    scope_.cancel(Error::of(Code::cancelled, "end of the test"));
    if (scope_.running() > 0) {
      ending_.spawn(stop_when_joined());
      loop_.run();
    }
    loop_.run_ready();
  }
  bool until(const std::function<bool()>& holds) {
    Scope watching;
    watching.spawn(watch(holds));
    loop_.run();
    loop_.run_ready();
    return holds();
  }
  std::size_t servers(const std::string& name) const {
    auto found = sink.latest.configuration.http.services.find(name);
    return found == sink.latest.configuration.http.services.end() ? 99 : found->second.load_balancer->servers.size();
  }

  Sink sink;

 private:
  Task<void> watch(const std::function<bool()>& holds) {
    Time give_up = Time::now() + 10s;
    while (!holds() && Time::now() < give_up) {
      Status rested = co_await sleep_for(4ms);
      (void)rested;
    }
    loop_.stop();
  }
  Task<void> stop_when_joined() {
    co_await scope_.join();
    loop_.stop();
  }

  Loop loop_;
  rest::Client client_;
  std::unique_ptr<SwarmProvider> provider_;
  Scope scope_;
  Scope ending_;
};

}  // namespace

TEST_CASE("a swarm is read, and read again when an event says so; equal answers are no change") {
  Manager manager;
  Edge edge(manager, 1h);
  REQUIRE(edge.until([&] { return edge.sink.published == 1; }));
  CHECK(edge.sink.latest.provider == "swarm");
  CHECK(edge.servers("web") == 2);
  int looks = manager.count("/v1.41/services");
  manager.tells_of_an_event();
  REQUIRE(edge.until([&] { return manager.count("/v1.41/services") >= looks + 2; }));  // and once more, a little later
  CHECK(edge.sink.published == 1);
  manager.says("tasks", "[]");
  manager.tells_of_an_event();
  REQUIRE(edge.until([&] { return edge.servers("web") == 0; }));
  CHECK(edge.sink.latest.configuration.http.routers.contains("web"));
}

TEST_CASE("without events the swarm is read every refreshSeconds, and a manager that fails changes nothing") {
  Manager manager;
  Edge edge(manager, 20ms);
  REQUIRE(edge.until([&] { return edge.servers("web") == 2; }));
  manager.says("services", "");
  int pings = manager.count("/_ping");
  REQUIRE(edge.until([&] { return manager.count("/_ping") > pings + 2; }));
  CHECK(edge.servers("web") == 2);
  manager.says("services", "[]");
  REQUIRE(edge.until([&] { return edge.servers("web") == 99; }));
}

TEST_CASE("where events are refused a swarm is read every refreshSeconds on one connection") {
  Manager manager;
  manager.refuses_events();
  Edge edge(manager, 20ms);
  REQUIRE(edge.until([&] { return edge.servers("web") == 2; }));
  manager.says("tasks", "[]");
  REQUIRE(edge.until([&] { return edge.servers("web") == 0; }));
  CHECK(manager.count("/events") == 1);
}
