#include "middleware/rate_limit.h"

#include <sys/resource.h>

#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

struct RateLimitTest : MiddlewareTest {
  explicit RateLimitTest(const config::RateLimit& settings, const std::string& name = "limit@test") {
    use(middleware::RateLimit::make(settings, name, registry));
  }
  int admitted(int count, const Ask& ask_this = {}) {
    int good = 0;
    for (int i = 0; i < count; ++i) {
      std::shared_ptr<Pending> pending = start(ask_this);
      good += pending->done && pending->reply.status == 200 ? 1 : 0;
    }
    return good;
  }
};

config::RateLimit limit(std::int64_t average, std::int64_t burst, Duration period = 1s) {
  config::RateLimit settings;
  settings.average = average;
  settings.burst = burst;
  settings.period = period;
  return settings;
}

bool refused(const config::RateLimit& settings) {
  control::Registry registry;
  return middleware::RateLimit::make(settings, "x", registry).middleware == nullptr;
}

}  // namespace

TEST_CASE("rateLimit lets a burst pass, then its average") {
  RateLimitTest test(limit(1, 5, 10s));
  CHECK(test.admitted(8) == 5);
  test.advance(10s);
  CHECK(test.admitted(3) == 1);
  test.advance(100s);  // never more than the burst is saved up
  CHECK(test.admitted(8) == 5);
}

TEST_CASE("a refusal of rateLimit says when to come back") {
  RateLimitTest test(limit(1, 1, 1min));
  CHECK(test.ask({}).status == 200);
  test.advance(500ms);
  Reply reply = test.ask({});
  CHECK(reply.status == 429);
  CHECK(reply.get("Retry-After") == "60");
  CHECK(reply.get("X-Retry-In") == "59.5s");
  CHECK(reply.body == "Too Many Requests");
}

TEST_CASE("a request whose token comes soon waits for it") {
  RateLimitTest test(limit(10, 1));  // a token each 100 ms, patience 50 ms
  CHECK(test.ask({}).status == 200);
  CHECK(test.ask({}).status == 429);
  test.advance(60ms);
  std::shared_ptr<MiddlewareTest::Pending> waits = test.start({});
  CHECK_FALSE(waits->done);
  test.advance(30ms);
  CHECK_FALSE(waits->done);
  test.advance(11ms);
  REQUIRE(waits->done);
  CHECK(waits->reply.status == 200);
}

TEST_CASE("slow limits hold a request back for half a second at most") {
  RateLimitTest test(limit(1, 1, 10s));
  CHECK(test.ask({}).status == 200);
  test.advance(9400ms);
  CHECK(test.ask({}).status == 429);
  test.advance(200ms);
  CHECK_FALSE(test.start({})->done);
}

TEST_CASE("rateLimit's defaults and corners") {
  RateLimitTest test(limit(0, 1));
  CHECK(test.admitted(100) == 100);  // average 0: no limit
  CHECK(refused(limit(1, 1, -1s)));
  CHECK(refused(limit(-1, 1)));
}

TEST_CASE("a period of 0 is a second, a burst below 1 is 1") {
  RateLimitTest test(limit(1, 0, 0s));
  CHECK(test.admitted(3) == 1);
  test.advance(1s);
  CHECK(test.admitted(3) == 1);
}

TEST_CASE("each client address has a bucket of its own, and each router") {
  RateLimitTest test(limit(1, 1, 1min));
  CHECK(test.ask({.remote = "192.0.2.1:1"}).status == 200);
  CHECK(test.ask({.remote = "192.0.2.1:2"}).status == 429);
  CHECK(test.ask({.remote = "192.0.2.2:1"}).status == 200);
  CHECK(test.ask({.remote = "192.0.2.1:1", .router = "other@test"}).status == 200);
}

TEST_CASE("sourceCriterion: ipStrategy") {
  config::RateLimit settings = limit(1, 1, 1min);
  settings.source_criterion.emplace();
  settings.source_criterion->ip_strategy.emplace();
  settings.source_criterion->ip_strategy->depth = 1;
  RateLimitTest test(settings);
  CHECK(test.ask({.fields = {{"X-Forwarded-For", "10.0.0.1"}}}).status == 200);
  CHECK(test.ask({.fields = {{"X-Forwarded-For", "10.0.0.2"}}}).status == 200);
  CHECK(test.ask({.fields = {{"X-Forwarded-For", "10.0.0.9, 10.0.0.1"}}}).status == 429);
  CHECK(test.ask({}).status == 200);  // no address: one source
  CHECK(test.ask({}).status == 429);
}

TEST_CASE("sourceCriterion: requestHeaderName and requestHost") {
  config::RateLimit settings = limit(1, 1, 1min);
  settings.source_criterion.emplace();
  settings.source_criterion->request_header_name = "X-Key";
  {
    RateLimitTest test(settings);
    CHECK(test.ask({.fields = {{"x-key", "a"}}}).status == 200);
    CHECK(test.ask({.fields = {{"X-Key", "a"}}}).status == 429);
    CHECK(test.ask({.fields = {{"X-Key", "b"}}}).status == 200);
  }
  settings.source_criterion->request_header_name.clear();
  settings.source_criterion->request_host = true;
  RateLimitTest test(settings);
  CHECK(test.ask({.remote = "192.0.2.1:1"}).status == 200);
  CHECK(test.ask({.remote = "192.0.2.2:1"}).status == 429);
  CHECK(test.ask({.authority = "other.test"}).status == 200);
}

TEST_CASE("sourceCriterion takes one criterion") {
  config::RateLimit settings = limit(1, 1);
  settings.source_criterion.emplace();
  settings.source_criterion->request_header_name = "X-Key";
  settings.source_criterion->request_host = true;
  CHECK(refused(settings));
  settings.source_criterion->request_host = false;
  settings.source_criterion->request_header_name = "not a name";
  CHECK(refused(settings));
}

TEST_CASE("the buckets outlive the middleware as long as its settings stay") {
  RateLimitTest test(limit(1, 1, 1min));
  CHECK(test.ask({}).status == 200);
  test.use(middleware::RateLimit::make(limit(1, 1, 1min), "limit@test", test.registry));
  CHECK(test.ask({}).status == 429);
  test.use(middleware::RateLimit::make(limit(2, 1, 1min), "limit@test", test.registry));
  CHECK(test.ask({}).status == 200);
  test.use(middleware::RateLimit::make(limit(2, 1, 1min), "other@test", test.registry));
  CHECK(test.ask({}).status == 200);
}

TEST_CASE("100,000 busy sources take at most 16 MiB and keep their buckets") {
  middleware::RateBuckets buckets(1min, 1);
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  Time now = Time::now();
  std::uint64_t state = 1;
  auto next = [&] { return state = state * 6364136223846793005u + 1442695040888963407u; };
  constexpr int kSources = 100'000;
  for (int i = 0; i < kSources; ++i) REQUIRE(buckets.take(next() >> 1 | 1, now, 0s).admitted);
  state = 1;
  int forgotten = 0;
  for (int i = 0; i < kSources; ++i) forgotten += buckets.take(next() >> 1 | 1, now, 0s).admitted ? 1 : 0;
  CHECK(forgotten < kSources / 100);
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss <= 16 * 1024);
}
