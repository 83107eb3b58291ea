// The provider with engines of other kinds, connections that die, and options about both.
#include "unit/providers/docker_edge.h"

using namespace sluice;
using namespace sluice::test::docker;
using test::FakeEngine;

TEST_CASE("inspect: never asks the list for one container, and needs no other path") {
  FakeEngine engine;
  engine.forbid("/containers/web/json");
  engine.forbid("/containers/api/json");
  engine.forbid("/version");
  engine.put("web", {});
  config::DockerProvider options;
  options.inspect = "never";
  Edge edge(engine, quick(), options);
  REQUIRE(edge.until([&] { return edge.urls("web") == kServing; }));
  engine.put("api", {.ip = "10.0.0.3"});
  engine.send("start", "api");
  REQUIRE(edge.until([&] { return edge.routed("api"); }));
  CHECK(engine.count("/web/json") == 0);
  CHECK(engine.count("/containers/json?all=1&filters=%7B%22id%22%3A%5B%22api%22%5D%7D") == 1);
}

TEST_CASE("a stream that is dead without a word is found by the ping, and made again") {
  Timing timing = quick();
  timing.ping = 10ms;
  timing.pong = 20ms;
  FakeEngine engine;
  engine.put("web", {});
  Edge edge(engine, timing);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  engine.stall("/_ping");
  engine.put("late", {.ip = "10.0.0.3"});  // the event of which never comes
  REQUIRE(edge.until([&] { return engine.count("/_ping") > 3; }));
  CHECK(edge.urls("web") == kServing);
  engine.go_on();
  REQUIRE(edge.until([&] { return edge.routed("late"); }));
  CHECK(engine.streams() == 2);
}

TEST_CASE("Podman is listed more often, because it does not tell of networks") {
  Timing timing = quick();
  timing.blind_resync = 10ms;
  FakeEngine engine;
  engine.set_podman();
  engine.put("web", {});
  Edge edge(engine, timing);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  engine.put("web", {.ip = "10.0.0.9"});
  REQUIRE(edge.until([&] { return edge.urls("web") == Names{"http://10.0.0.9:80"}; }));
}

TEST_CASE("where events are refused, or held back, the engine is listed more often") {
  Timing timing = quick();
  timing.blind_resync = 10ms;
  FakeEngine engine;
  engine.put("web", {});
  SECTION("refused") { engine.forbid("/events"); }
  SECTION("held back, head and all") { engine.stall("/events"); }
  bool late = false;
  SECTION("refused after a while") {
    engine.forbid("/events");
    engine.stall("/events");
    late = true;
  }
  Edge edge(engine, timing);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  if (late) engine.go_on();
  engine.put("late", {.ip = "10.0.0.3"});
  REQUIRE(edge.until([&] { return edge.routed("late"); }));
  CHECK(engine.count("/events") == 1);
  CHECK(edge.stats().reconnects == 0);
}

TEST_CASE("a refusal of events that comes late is followed by a list at once") {
  Timing timing = quick();
  timing.blind_resync = 60s;
  FakeEngine engine;
  engine.put("web", {});
  engine.forbid("/events");
  engine.stall("/events");
  Edge edge(engine, timing);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  engine.put("late", {.ip = "10.0.0.3"});
  engine.go_on();
  CHECK(edge.until([&] { return edge.routed("late"); }));
}

TEST_CASE("with resyncInterval 0 it is listed all the same where there are no events, and nowhere else") {
  Timing timing = quick();
  timing.resync = 0s;
  timing.blind_resync = 10ms;
  FakeEngine engine;
  engine.put("web", {});
  bool blind = false;
  SECTION("no events") {
    engine.forbid("/events");
    blind = true;
  }
  SECTION("events") {}
  Edge edge(engine, timing);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  int pings = engine.count("/_ping");
  engine.put("late", {.ip = "10.0.0.3"});
  if (blind) {
    CHECK(edge.until([&] { return edge.routed("late"); }));
  } else {
    engine.send("start", "late");
    CHECK(edge.until([&] { return edge.routed("late"); }));
    CHECK(engine.count("json?all") == 1);
  }
  CHECK(engine.count("/_ping") == pings);
}

TEST_CASE("without watching, a list that fails is made again") {
  FakeEngine engine;
  engine.put("web", {});
  engine.stall("/containers/json");
  config::DockerProvider options;
  options.watch = false;
  Edge edge(engine, quick(), options);
  REQUIRE(edge.until([&] { return engine.count("json?all") == 1; }));
  engine.cut();
  REQUIRE(edge.until([&] { return engine.count("json?all") == 2; }));
  engine.go_on();
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
}

TEST_CASE("what happened while nobody listened is found, however much it was") {
  FakeEngine engine;
  for (int i = 0; i < 150; ++i) engine.put("old" + std::to_string(i), {.ip = "10.1.0." + std::to_string(i + 1)});
  engine.put("web", {});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("web") && edge.routed("old149"); }));
  engine.set_broken(true);
  for (int i = 0; i < 150; ++i) {
    engine.remove("old" + std::to_string(i));
    engine.put("new" + std::to_string(i), {.ip = "10.2.0." + std::to_string(i + 1)});
  }
  engine.put("web", {.ip = "10.0.0.9"});
  engine.set_broken(false);
  REQUIRE(edge.until([&] { return edge.urls("web") == Names{"http://10.0.0.9:80"}; }));  // the last to be looked at
  for (int i = 0; i < 150; ++i) {
    CHECK(edge.urls("new" + std::to_string(i)) == Names{"http://10.2.0." + std::to_string(i + 1) + ":80"});
    CHECK_FALSE(edge.routed("old" + std::to_string(i)));
  }
  CHECK(engine.count("since=") == 0);
}

TEST_CASE("DOCKER_API_VERSION bounds the version that is spoken") {
  FakeEngine engine;
  engine.set_version("1.51");
  engine.put("web", {});
  Edge edge(engine, quick(), {}, "1.42");
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  CHECK(engine.count("GET /v1.42/containers/json") == 1);
}

TEST_CASE("a container that gets its address late is found without an event") {
  FakeEngine engine;
  engine.put("web", {.ip = ""});
  Edge edge(engine);
  REQUIRE(edge.until([&] { return edge.routed("web"); }));
  CHECK(edge.urls("web").empty());
  engine.put("web", {});
  REQUIRE(edge.until([&] { return edge.urls("web") == kServing; }));
}
