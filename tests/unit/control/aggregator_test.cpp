#include "control/aggregator.h"

#include "async/timer.h"
#include "control/registry.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::control;

namespace {

Fragment fragment(const std::string& provider, const std::string& router) {
  Fragment made;
  made.provider = provider;
  made.configuration.http.routers[router].rule = "Host(`a`)";
  return made;
}

Task<void> follow(Aggregator& aggregator, std::vector<std::pair<std::size_t, Time>>& builds) {
  for (;;) {
    Result<Fragments> fragments = co_await aggregator.next();
    if (!fragments) co_return;
    builds.emplace_back(fragments->size(), Loop::current().now());
  }
}

struct Running {
  explicit Running(Aggregator& aggregator) { scope.spawn(follow(aggregator, builds)); }
  ~Running() {
    scope.cancel(Error::of(Code::cancelled, "end"));
    Loop::current().run_ready();
  }
  std::vector<std::pair<std::size_t, Time>> builds;
  Scope scope;
};

}  // namespace

TEST_CASE("the first build waits for every provider, but not for ever") {
  Loop loop(Loop::ClockKind::manual);
  {
    Aggregator aggregator(100ms, {"file", "docker"});
    Running running(aggregator);
    aggregator.publish(fragment("file", "a"));
    loop.advance(1s);
    CHECK(running.builds.empty());
    aggregator.publish(fragment("docker", "b"));
    loop.run_ready();
    REQUIRE(running.builds.size() == 1);
    CHECK(running.builds[0].first == 2);
  }
  Aggregator aggregator(100ms, {"file", "docker"});
  Running running(aggregator);
  aggregator.publish(fragment("file", "a"));
  loop.advance(3s);
  REQUIRE(running.builds.size() == 1);
}

TEST_CASE("a fragment that keeps another certificate is another fragment") {
  Loop loop(Loop::ClockKind::manual);
  Aggregator aggregator(100ms, {"acme"});
  Running running(aggregator);
  Fragment acme = fragment("acme", "a");
  const auto builds = [&] {
    aggregator.publish(acme);
    loop.advance(1s);
    return running.builds.size();
  };
  CHECK(builds() == 1);
  CHECK(builds() == 1);
  acme.keeps = {"a.test"};
  CHECK(builds() == 2);
  CHECK(builds() == 2);
}

TEST_CASE("three changes after a quiet time are applied at once, a storm once per throttle time") {
  Loop loop(Loop::ClockKind::manual);
  Aggregator aggregator(100ms, {});
  Running running(aggregator);
  loop.advance(1s);
  std::size_t before = running.builds.size();
  for (std::size_t i = 1; i <= 3; ++i) {
    Time changed = loop.now();
    aggregator.publish(fragment("docker", "first" + std::to_string(i)));
    loop.advance(10ms);
    REQUIRE(running.builds.size() == before + i);
    CHECK(running.builds.back().second - changed <= 10ms);
  }
  before = running.builds.size() - 1;
  for (int i = 1; i <= 50; ++i) {
    aggregator.publish(fragment("docker", "r" + std::to_string(i)));
    loop.advance(10ms);
  }
  std::size_t storm = running.builds.size() - before - 1;
  CHECK(storm >= 4);
  CHECK(storm <= 6);
  loop.advance(1s);
  CHECK(running.builds.size() <= before + 1 + storm + 1);
}

TEST_CASE("an equal fragment is no change") {
  Loop loop(Loop::ClockKind::manual);
  Aggregator aggregator(100ms, {});
  Running running(aggregator);
  aggregator.publish(fragment("docker", "a"));
  loop.advance(1s);
  std::size_t before = running.builds.size();
  aggregator.publish(fragment("docker", "a"));
  loop.advance(1s);
  CHECK(running.builds.size() == before);
}

TEST_CASE("the registry gives the same object for a key as long as it is used") {
  Registry registry;
  int made = 0;
  auto make = [&] {
    ++made;
    return std::make_shared<int>(made);
  };
  std::shared_ptr<int> first = registry.get<int>("a", make);
  CHECK(registry.get<int>("a", make) == first);
  CHECK(registry.get<int>("b", make) != first);
  CHECK(made == 2);
  first.reset();
  CHECK(*registry.get<int>("a", make) == 3);
}
