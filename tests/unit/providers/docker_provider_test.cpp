// The provider against an engine that behaves and one that does not. The client, the loop and the sockets are real.
#include "unit/providers/docker_edge.h"

using namespace sluice;
using namespace sluice::test::docker;
using test::FakeEngine;

TEST_CASE("everything the engine has is published once it was read") {
  FakeEngine engine;
  engine.put("web", {});
  engine.put("off", {.ip = "10.0.0.3", .labels = {{"traefik.enable", "false"}}});
  engine.put("dead", {.ip = "10.0.0.4", .state = "exited"});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.published() > 0; }));
  CHECK(edge.urls("web") == kServing);
  CHECK_FALSE(edge.routed("off"));
  CHECK_FALSE(edge.routed("dead"));
  CHECK(engine.count("/containers/web/json") == 1);
  CHECK(engine.count("/containers/off/json") == 0);  // its environment is none of our business
}

TEST_CASE("an engine without containers gives an empty fragment") {
  FakeEngine engine;
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.published() > 0; }));
  CHECK_FALSE(edge.routed("web"));
}

TEST_CASE("only reading calls of the allow-list are made, in the engine's version, subscribing before listing") {
  FakeEngine engine;
  engine.put("web", {});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  engine.put("api", {.ip = "10.0.0.3"});
  engine.send("start", "api");
  REQUIRE(edge.until([&] { return edge.routed("api"); }));
  std::size_t events = 0, list = 0, index = 0;
  for (const std::string& request : engine.requests()) {
    ++index;
    CAPTURE(request);
    bool allowed = request == "GET /_ping" || request == "GET /v1.41/containers/json?all=1" ||
                   request.starts_with("GET /v1.41/events?filters=") || request == "GET /v1.41/containers/web/json" ||
                   request == "GET /v1.41/containers/api/json";
    CHECK(allowed);
    if (request.find("/events") != std::string::npos) events = index;
    if (request.find("json?all") != std::string::npos) list = index;
  }
  CHECK(events < list);
}

TEST_CASE("an event costs one inspection of its container and nothing else") {
  FakeEngine engine;
  for (int i = 0; i < 20; ++i) engine.put("c" + std::to_string(i), {.ip = "10.0.1." + std::to_string(i + 1)});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("c19"); }));
  std::size_t before = engine.requests().size();
  engine.put("new", {.ip = "10.0.0.9"});
  engine.send("start", "new");
  REQUIRE(edge.until([&] { return edge.routed("new"); }));
  CHECK(engine.requests().size() == before + 1);

  engine.put("new", {.ip = "10.0.0.10"});
  engine.send_raw(R"({"Type":"network","Action":"connect","Actor":{"ID":"n","Attributes":{"container":"new"}}})"
                  "\n");
  REQUIRE(edge.until([&] { return edge.urls("new") == Names{"http://10.0.0.10:80"}; }));
  CHECK(engine.requests().size() == before + 2);
}

TEST_CASE("what the provider has done is counted") {
  FakeEngine engine;
  engine.put("web", {});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.urls("web") == kServing; }));
  CHECK(edge.stats().events == 0);
  CHECK(edge.stats().last_event == Time());
  CHECK(edge.stats().resyncs == 1);
  CHECK(edge.stats().requests.at("/containers/{id}/json") == 1);
  CHECK(edge.stats().requests.at("/containers/json") == 1);
  CHECK(edge.stats().requests.at("/events") == 1);
  CHECK(edge.stats().requests.at("/_ping") >= 1);

  engine.send_raw("\n");                          // says nothing
  engine.send("kill", "web", R"("signal":"1")");  // not the signal that stops it
  engine.send("kill", "stranger", R"("signal":"9")");
  engine.put("web", {.health = "unhealthy"});
  engine.send("health_status: unhealthy", "web");
  REQUIRE(edge.until([&] { return edge.urls("web").empty(); }));
  CHECK(edge.stats().events - edge.stats().ignored == 1);
  CHECK(edge.stats().ignored >= 2);
  CHECK(edge.stats().last_event != Time());
  CHECK(edge.stats().requests.at("/containers/{id}/json") == 2);

  CHECK(edge.stats().lost == 0);
  CHECK(edge.stats().reconnects == 0);
  engine.cut();
  REQUIRE(edge.until([&] { return edge.stats().reconnects == 1 && edge.stats().resyncs == 2; }));
}

TEST_CASE("every event that matters has its effect") {
  FakeEngine engine;
  engine.put("web", {});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.urls("web") == kServing; }));

  engine.put("web", {.health = "unhealthy"});
  engine.send("health_status: unhealthy", "web");
  REQUIRE(edge.until([&] { return edge.urls("web").empty(); }));
  engine.put("web", {.health = "healthy"});
  engine.send("health_status: healthy", "web");
  REQUIRE(edge.until([&] { return edge.urls("web") == kServing; }));

  engine.put("web", {.state = "paused"});
  engine.send("pause", "web");
  REQUIRE(edge.until([&] { return edge.urls("web").empty(); }));
  engine.put("web", {});
  engine.send("unpause", "web");
  REQUIRE(edge.until([&] { return edge.urls("web") == kServing; }));

  engine.put("web", {.labels = {{"traefik.http.routers.renamed.rule", "Host(`r`)"}}});
  engine.send("update", "web");
  REQUIRE(edge.until([&] { return edge.routed("renamed"); }));

  engine.remove("web");
  engine.send("destroy", "web");
  REQUIRE(edge.until([&] { return !edge.routed("renamed"); }));
}

TEST_CASE("the stop signal takes a server out at once, even while the engine answers nothing") {
  FakeEngine engine;
  engine.put("web", {});
  engine.put("other", {.ip = "10.0.0.3"});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.urls("web") == kServing; }));
  engine.stall("/containers/");
  engine.send("update", "other");
  engine.send("kill", "web", R"("signal":"15")");
  REQUIRE(edge.until([&] { return edge.urls("web").empty(); }));
  CHECK(edge.routed("web"));  // its host is known: 503, not 404
  CHECK(edge.urls("other") == Names{"http://10.0.0.3:80"});

  engine.send("die", "web");
  REQUIRE(edge.until([&] { return !edge.routed("web"); }));
  engine.go_on();
}

TEST_CASE("a restart ends with the container serving at its new address") {
  FakeEngine engine;
  engine.put("web", {});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.urls("web") == kServing; }));
  engine.put("web", {.ip = "10.0.0.7"});
  std::string all;
  for (const char* action : {"kill", "die", "stop", "start", "restart"}) {
    all += FakeEngine::event(action, "web", R"("signal":"15")");
  }
  engine.send_raw(all);
  REQUIRE(edge.until([&] { return edge.urls("web") == Names{"http://10.0.0.7:80"}; }));
}

TEST_CASE("signals that do not stop change nothing") {
  FakeEngine engine;
  engine.put("web", {});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  int before = edge.published();
  engine.send("kill", "web", R"("signal":"1")");
  engine.put("marker", {.ip = "10.0.0.3"});
  engine.send("start", "marker");
  REQUIRE(edge.until([&] { return edge.routed("marker"); }));
  CHECK(edge.urls("web") == kServing);
  CHECK(edge.published() == before + 1);
}

TEST_CASE("a container that starts between subscribing and listing is not missed") {
  for (int run = 0; run < 20; ++run) {
    FakeEngine engine;
    engine.put("web", {});
    engine.put("late", {.ip = "10.0.0.3"});
    engine.start_during_next_list("late");
    Edge edge(engine);
    REQUIRE(edge.until([&] { return edge.routed("late") && edge.routed("web"); }));
  }
}

TEST_CASE("a broken stream is made again; what was published stays, what changed meanwhile is found") {
  FakeEngine engine;
  engine.put("web", {});
  engine.put("old", {.ip = "10.0.0.3"});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("old"); }));
  int before = edge.published();
  engine.set_broken(true);
  int pings = engine.count("_ping");
  REQUIRE(edge.until([&] { return engine.count("_ping") > pings + 3; }));  // it does not give up
  CHECK(edge.published() == before);
  CHECK(edge.urls("web") == kServing);

  engine.remove("old");
  engine.put("new", {.ip = "10.0.0.4"});
  engine.set_broken(false);
  REQUIRE(edge.until([&] { return edge.routed("new"); }));
  CHECK_FALSE(edge.routed("old"));
  CHECK(edge.urls("web") == kServing);
}

TEST_CASE("another engine behind the same socket is spoken to in its own version") {
  FakeEngine engine;
  engine.set_version("1.51");
  engine.put("web", {});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  CHECK(engine.count("GET /v1.44/containers/json") == 1);
  engine.set_version("1.41");
  engine.put("web", {.ip = "10.0.0.9"});
  engine.cut();
  REQUIRE(edge.until([&] { return edge.urls("web") == Names{"http://10.0.0.9:80"}; }));
  CHECK(engine.count("GET /v1.41/containers/json") == 1);
}

TEST_CASE("the version is found while any rung of the ladder is open") {
  const Names rungs{"GET /_ping", "HEAD /_ping", "GET /version", "GET /v1.44/version", "GET /v1.44/containers/json"};
  for (unsigned open = 1; open < 32; ++open) {
    CAPTURE(open);
    FakeEngine engine;
    engine.put("web", {});
    for (unsigned rung = 0; rung < rungs.size(); ++rung) {
      if ((open & (1U << rung)) == 0) engine.forbid(rungs[rung]);
    }
    Edge edge(engine);
    CHECK(edge.until([&] { return edge.routed("web"); }));
  }
}

TEST_CASE("garbage in the stream costs a list, not the connection") {
  FakeEngine engine;
  engine.put("web", {});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  engine.put("quiet", {.ip = "10.0.0.3"});  // its start event is lost
  engine.send_raw("{\"Type\":\"container\",\"Action\":\n\x01\x02\x03\n[]\n\n{}\n" + std::string(2'000'000, 'x') + "\n");
  REQUIRE(edge.until([&] { return edge.routed("quiet") && edge.stats().lost >= 3; }));
  CHECK(engine.streams() == 1);
}

TEST_CASE("containers are found by the regular list when their events are lost, and unchanged ones are not inspected") {
  Timing timing = quick();
  timing.resync = 10ms;
  FakeEngine engine;
  engine.put("web", {});
  Edge edge(engine, timing);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  engine.put("quiet", {.ip = "10.0.0.3"});
  REQUIRE(edge.until([&] { return edge.routed("quiet"); }));
  engine.put("web", {.ip = "10.0.0.8"});
  REQUIRE(edge.until([&] { return edge.urls("web") == Names{"http://10.0.0.8:80"}; }));
  engine.remove("quiet");
  REQUIRE(edge.until([&] { return !edge.routed("quiet"); }));
  int inspections = engine.count("/web/json");
  int lists = engine.count("json?all");
  int published = edge.published();
  REQUIRE(edge.until([&] { return engine.count("json?all") > lists + 5; }));
  CHECK(engine.count("/web/json") == inspections);
  CHECK(edge.published() == published);
}

TEST_CASE("where inspecting is forbidden the list has to do") {
  FakeEngine engine;
  engine.forbid("/containers/web/json");
  engine.forbid("/containers/api/json");
  engine.put("web", {});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.urls("web") == kServing; }));
  engine.put("api", {.ip = "10.0.0.3"});
  engine.send("start", "api");
  REQUIRE(edge.until([&] { return edge.routed("api"); }));
  CHECK(engine.streams() == 1);
}

TEST_CASE("a container the engine cannot describe does not hold back the others") {
  FakeEngine engine;
  engine.put("stuck", {});
  engine.put("web", {.ip = "10.0.0.3"});
  engine.stall("/containers/stuck/json");
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  engine.put("later", {.ip = "10.0.0.4"});
  engine.send("start", "later");
  REQUIRE(edge.until([&] { return edge.routed("later"); }));
  engine.go_on();
  REQUIRE(edge.until([&] { return edge.routed("stuck"); }));
}

TEST_CASE("a list that is suddenly empty is believed only the second time") {
  Timing timing = quick();
  FakeEngine engine;
  engine.put("web", {});
  Edge edge(engine, timing);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  engine.remove("web");
  int lists = engine.count("json?all");
  engine.cut();
  REQUIRE(edge.until([&] { return engine.count("json?all") > lists; }));
  CHECK(edge.routed("web"));
  REQUIRE(edge.until([&] { return !edge.routed("web"); }));
  CHECK(engine.count("json?all") == lists + 2);
}

TEST_CASE("a storm of events ends in the right state without a call for each") {
  FakeEngine engine;
  for (int i = 0; i < 30; ++i) engine.put("c" + std::to_string(i), {.ip = "10.0.1." + std::to_string(i + 1)});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("c29"); }));
  std::string storm;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 30; ++i) {
      std::string id = "c" + std::to_string(i);
      for (const char* action : {"kill", "die", "stop", "start"})
        storm += FakeEngine::event(action, id, R"("signal":"15")");
    }
  }
  for (int i = 0; i < 15; ++i) {
    std::string id = "c" + std::to_string(i);
    engine.remove(id);
    storm += FakeEngine::event("destroy", id);
  }
  engine.put("last", {.ip = "10.0.0.9"});
  storm += FakeEngine::event("start", "last");
  std::size_t before = engine.requests().size();
  engine.send_raw(storm);
  REQUIRE(edge.until([&] {
    if (!edge.routed("last")) return false;  // else this may hold half-way
    for (int i = 0; i < 30; ++i) {
      if (edge.routed("c" + std::to_string(i)) != (i >= 15)) return false;
    }
    return true;
  }));
  CHECK(engine.requests().size() - before < 3000);
}

TEST_CASE("without watching there is one fragment and no event stream") {
  FakeEngine engine;
  engine.put("web", {});
  config::DockerProvider options;
  options.watch = false;
  Edge edge(engine, quick(), options);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  CHECK(engine.count("/events") == 0);
  engine.put("later", {.ip = "10.0.0.3"});
  engine.send("start", "later");
  CHECK(edge.published() == 1);
}

TEST_CASE("options that cannot be used are refused with the reason") {
  Loop loop;
  rest::Client client("Sluice/test");
  for (auto change : {0, 1, 2, 3}) {
    config::DockerProvider options;
    if (change == 0) options.endpoint = "ssh://user:secret@host";
    if (change == 1) options.endpoint = "/var/run/docker.sock";
    if (change == 3) options.constraints = "Label(`tier`)";
    if (change == 2) options.default_rule = "Host(`{{ nonsense .Name }}`)";
    config::Report report;
    CHECK(DockerProvider::make(options, client, "", report) == nullptr);
    REQUIRE(report.size() == 1);
    CHECK(report[0].what.starts_with("providers.docker."));
    CHECK_FALSE(report[0].fix.empty());
  }
}

TEST_CASE("the containers of several engines are one configuration") {
  FakeEngine first;
  FakeEngine second;
  const std::map<std::string, std::string> shared = {{"traefik.http.routers.app.rule", "Host(`app.test`)"},
                                                     {"traefik.http.services.app.loadbalancer.server.port", "80"}};
  first.put("one", {.ip = "10.0.0.2", .labels = shared});
  first.put("web", {.ip = "10.0.0.3"});
  second.put("two", {.ip = "10.1.0.2", .labels = shared});
  second.put("api", {.ip = "10.1.0.3"});
  config::DockerProvider options;
  options.engines["east"].endpoint = second.endpoint();
  Edge edge(first, quick(), options);
  REQUIRE(edge.until([&] { return edge.urls("app") == Names{"http://10.0.0.2:80", "http://10.1.0.2:80"}; }));
  REQUIRE(edge.until([&] { return edge.routed("web") && edge.routed("api"); }));

  // What one engine says, or lists anew, is nothing to the other's containers.
  first.remove("one");
  first.send("die", "one");
  first.send("destroy", "one");
  REQUIRE(edge.until([&] { return edge.urls("app") == Names{"http://10.1.0.2:80"}; }));
  CHECK(edge.routed("api"));
  second.put("new", {.ip = "10.1.0.9"});
  second.send("start", "new");
  REQUIRE(edge.until([&] { return edge.routed("new"); }));
  CHECK(edge.routed("web"));
}

TEST_CASE("an engine that cannot be reached does not hold up the others") {
  FakeEngine engine;
  engine.put("web", {});
  config::DockerProvider options;
  options.engines["gone"].endpoint = "unix:///nonexistent/docker.sock";
  Edge edge(engine, quick(), options);
  REQUIRE(edge.until([&] { return edge.urls("web") == kServing; }));
}

TEST_CASE("a further engine with a wrong endpoint is named") {
  Loop loop;
  config::DockerProvider options;
  options.engines["east"].endpoint = "ssh://-east";
  rest::Client client("test");
  config::Report report;
  CHECK(DockerProvider::make(options, client, "", report) == nullptr);
  REQUIRE(report.size() == 1);
  CHECK(report[0].what.find("providers.docker.engines.east.endpoint") != std::string::npos);
}

TEST_CASE("the engine does not wait for us while we are busy, and what came meanwhile is believed") {
  FakeEngine engine;
  for (int i = 0; i < 20; ++i) engine.put("c" + std::to_string(i), {.ip = "10.0.1." + std::to_string(i + 1)});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("c19") && engine.streams() == 1; }));
  // More than any socket holds, and more lines than are kept. The loop does not turn in here.
  std::string events;
  for (int i = 0; i < 20'000; ++i) {
    events += FakeEngine::event("kill", "c" + std::to_string(i % 10),
                                R"("signal":"15","padding":")" + std::string(200, 'x') + "\"");
  }
  engine.send_raw(events);
  REQUIRE(engine.wait_until_sent(events.size()));
  for (int i = 0; i < 10; ++i) engine.remove("c" + std::to_string(i));
  REQUIRE(edge.until([&] { return !edge.routed("c0") && !edge.routed("c9"); }));
  CHECK(edge.urls("c19") == Names{"http://10.0.1.20:80"});
}
