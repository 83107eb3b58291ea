#include "middleware/in_flight_req.h"

#include <thread>

#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;

namespace {

struct InFlightTest : MiddlewareTest {
  explicit InFlightTest(const config::InFlightReq& settings) {
    use(middleware::InFlightReq::make(settings, "limit@test", registry));
    handler.answers[0].takes = 1s;
  }
};

config::InFlightReq at_most(std::int64_t amount) {
  config::InFlightReq settings;
  settings.amount = amount;
  return settings;
}

}  // namespace

TEST_CASE("inFlightReq refuses what is beyond its amount and says how much that is") {
  InFlightTest test(at_most(2));
  auto one = test.start({});
  auto two = test.start({.remote = "192.0.2.9:1"});  // all clients of a host together
  CHECK_FALSE(one->done);
  CHECK_FALSE(two->done);
  test::Reply refusal = test.ask({});
  CHECK(refusal.status == 429);
  CHECK(refusal.body.find('2') != std::string::npos);
  test.advance(1s);
  CHECK(one->reply.status == 200);
  auto three = test.start({});
  CHECK_FALSE(three->done);
  test.advance(1s);
  CHECK(three->reply.status == 200);
}

TEST_CASE("inFlightReq counts hosts and routers apart") {
  InFlightTest test(at_most(1));
  CHECK_FALSE(test.start({})->done);
  CHECK_FALSE(test.start({.authority = "other.test"})->done);
  CHECK_FALSE(test.start({.router = "other@test"})->done);
  CHECK(test.ask({}).status == 429);
}

TEST_CASE("inFlightReq by address and by header") {
  config::InFlightReq settings = at_most(1);
  settings.source_criterion.emplace();
  settings.source_criterion->ip_strategy.emplace();
  {
    InFlightTest test(settings);
    CHECK_FALSE(test.start({})->done);
    CHECK_FALSE(test.start({.remote = "192.0.2.9:1"})->done);
    CHECK(test.ask({.authority = "other.test"}).status == 429);
  }
  settings.source_criterion->ip_strategy.reset();
  settings.source_criterion->request_header_name = "X-Key";
  InFlightTest test(settings);
  CHECK_FALSE(test.start({.fields = {{"X-Key", "a"}}})->done);
  CHECK_FALSE(test.start({.fields = {{"X-Key", "b"}}})->done);
  CHECK(test.ask({.fields = {{"X-Key", "a"}}}).status == 429);
}

TEST_CASE("inFlightReq without an amount is refused") {
  control::Registry registry;
  CHECK(middleware::InFlightReq::make(at_most(0), "x", registry).middleware == nullptr);
  CHECK(middleware::InFlightReq::make(at_most(-1), "x", registry).middleware == nullptr);
}

TEST_CASE("requests that fail or were given up do not count any more") {
  InFlightTest test(at_most(1));
  test.handler.answers = {{.error = Error::of(Code::reset, "broken", Origin::upstream)}, {}};
  CHECK(test.ask({}).status == 0);
  CHECK(test.ask({}).status == 200);
  CHECK(test.ask({}).status == 200);
}

TEST_CASE("the counts go on with another amount") {
  InFlightTest test(at_most(2));
  CHECK_FALSE(test.start({})->done);
  test.use(middleware::InFlightReq::make(at_most(1), "limit@test", test.registry));
  CHECK(test.ask({}).status == 429);
}

TEST_CASE("workers count together") {
  middleware::InFlightCounts counts;
  std::atomic<int> admitted = 0;
  auto work = [&] {
    for (int i = 0; i < 20000; ++i) {
      std::uint64_t source = 0x123456789abcdef0u + static_cast<std::uint64_t>(i % 50) * 0x1000000;
      if (std::atomic<std::uint64_t>* place = counts.enter(source, 1)) {
        ++admitted;
        middleware::InFlightCounts::leave(*place);
      }
    }
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(admitted > 0);
  // Nothing is left behind: every source has its whole limit again.
  for (std::uint64_t i = 0; i < 50; ++i) {
    std::uint64_t source = 0x123456789abcdef0u + i * 0x1000000;
    CHECK(counts.enter(source, 1) != nullptr);
    CHECK(counts.enter(source, 1) == nullptr);
  }
}
