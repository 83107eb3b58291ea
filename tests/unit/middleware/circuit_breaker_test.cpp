#include "middleware/circuit_breaker.h"

#include "proxy/answering.h"
#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

struct BreakerTest : MiddlewareTest {
  explicit BreakerTest(const config::CircuitBreaker& settings) { renew(settings); }
  void renew(const config::CircuitBreaker& settings, const std::string& name = "breaker@test") {
    use(middleware::CircuitBreaker::make(settings, name, 1, registry));
  }
  void answers(int status) { handler.answers = {{.status = status}}; }
  // How many of so many requests reached the server.
  std::size_t passed(int count) {
    std::size_t before = handler.seen.size();
    for (int i = 0; i < count; ++i) ask({});
    return handler.seen.size() - before;
  }
};

config::CircuitBreaker when(const std::string& expression) {
  config::CircuitBreaker settings;
  settings.expression = expression;
  return settings;
}

const std::string kHalf = "ResponseCodeRatio(500, 600, 0, 600) > 0.5";

bool refused(const config::CircuitBreaker& settings) {
  control::Registry registry;
  return middleware::CircuitBreaker::make(settings, "x", 1, registry).middleware == nullptr;
}

// What a predicate over two functions says.
class TwoFacts final : public middleware::Predicate::Facts {
 public:
  middleware::Predicate::Value value(std::size_t function, std::span<const double> arguments) const override {
    if (function == 0) return {3, {}, false};
    return {0, {}, arguments[0] > 1};
  }
};

std::string evaluated(std::string_view text) {
  static constexpr std::array<middleware::Predicate::Function, 2> kWords = {
      {{"Three", 0, middleware::Predicate::Type::number}, {"AboveOne", 1, middleware::Predicate::Type::truth}}};
  std::string error;
  std::optional<middleware::Predicate> parsed = middleware::Predicate::parse(text, kWords, error);
  return !parsed ? "error" : parsed->holds(TwoFacts()) ? "true" : "false";
}

}  // namespace

TEST_CASE("the expression language") {
  CHECK(evaluated("Three() > 2") == "true");
  CHECK(evaluated("Three() >= 3.0") == "true");
  CHECK(evaluated("Three() < 3") == "false");
  CHECK(evaluated("Three() <= 3") == "true");
  CHECK(evaluated("Three()==3") == "true");
  CHECK(evaluated("Three() != 3") == "false");
  CHECK(evaluated("2 < Three()") == "true");
  CHECK(evaluated("AboveOne(1.5)") == "true");
  CHECK(evaluated("AboveOne(1) || Three() == 3") == "true");
  CHECK(evaluated("Three() == 3 || Three() == 3 && AboveOne(0)") == "true");
  CHECK(evaluated("(Three() == 3 || Three() == 3) && AboveOne(0)") == "false");
  for (const char* wrong :
       {"", "Three()", "Three() >", "Four() > 1", "Three(1) > 1", "AboveOne()", "AboveOne(1", "(Three() > 1",
        "Three() > 1 garbage", "!AboveOne(1)", "Three() > \"x\"", "Three() > 1 &&", "AboveOne(2) > 1", "\"x"}) {
    INFO(wrong);
    CHECK(evaluated(wrong) == "error");
  }
  CHECK(evaluated(std::string(100, '(') + "Three() > 1" + std::string(100, ')')) == "error");
}

TEST_CASE("a breaker trips, refuses for fallbackDuration, recovers by shares, and stands by again") {
  BreakerTest test(when(kHalf));
  CHECK(test.passed(5) == 5);
  test.answers(500);
  test.advance(200ms);
  for (int i = 0; i < 20; ++i) {
    test.ask({});
    test.advance(150ms);
  }
  std::size_t before = test.handler.seen.size();
  Reply reply = test.ask({});
  CHECK(reply.status == 503);
  CHECK(reply.body == "Service Unavailable");
  CHECK(test.handler.seen.size() == before);
  test.answers(200);
  test.advance(10s);
  CHECK(test.passed(10) == 0);  // recovery begins with none
  test.advance(5s);
  std::size_t half = test.passed(100);
  CHECK(half > 30);
  CHECK(half < 70);
  test.advance(5s);
  CHECK(test.passed(10) == 10);
}

TEST_CASE("a breaker that recovers trips again when the expression holds") {
  config::CircuitBreaker settings = when(kHalf);
  settings.fallback_duration = 1s;
  settings.recovery_duration = 2s;
  BreakerTest test(settings);
  test.answers(500);
  test.ask({});
  CHECK(test.passed(5) == 0);
  test.advance(1s);
  test.ask({});  // begins to recover
  test.advance(1900ms);
  CHECK(test.passed(10) == 1);  // one passes, fails, and trips it
  test.advance(500ms);
  CHECK(test.passed(10) == 0);
}

TEST_CASE("checkPeriod is the time between two looks at the expression") {
  config::CircuitBreaker settings = when(kHalf);
  settings.check_period = 1s;
  BreakerTest test(settings);
  CHECK(test.passed(1) == 1);
  test.answers(500);
  CHECK(test.passed(9) == 9);
  test.advance(1s);
  CHECK(test.passed(3) == 1);
}

TEST_CASE("responseCode is the status of refusals") {
  config::CircuitBreaker settings = when(kHalf);
  settings.response_code = 429;
  BreakerTest test(settings);
  test.answers(500);
  test.ask({});
  CHECK(test.ask({}).status == 429);
  settings.response_code = 99;
  CHECK(refused(settings));
}

TEST_CASE("NetworkErrorRatio counts only what we answered for a server that could not") {
  BreakerTest test(when("NetworkErrorRatio() > 0.5"));
  test.answers(502);
  CHECK(test.passed(5) == 5);
  test.handler.answers = {{.error = Error::of(Code::reset, "reset", Origin::upstream)}};
  test.advance(100ms);
  for (int i = 0; i < 10; ++i) {
    test.ask({});
    test.advance(100ms);
  }
  CHECK(test.ask({}).status == 503);
}

TEST_CASE("LatencyAtQuantileMS is about the time to the response") {
  BreakerTest test(when("LatencyAtQuantileMS(50.0) > 100"));
  test.handler.answers = {{.takes = 200ms}};
  test.start({});
  CHECK(test.handler.running == 1);
  test.advance(200ms);
  CHECK(test.ask({}).status == 503);
}

TEST_CASE("RequestThreshold waits for a number of requests") {
  BreakerTest test(when("RequestThreshold(3) && " + kHalf));
  test.answers(500);
  CHECK(test.passed(1) == 1);
  test.advance(100ms);
  CHECK(test.passed(1) == 1);
  test.advance(100ms);
  CHECK(test.passed(5) == 1);
}

TEST_CASE("what is older than ten seconds is forgotten") {
  middleware::RollingStatistics statistics;
  Time now{1'000'000'000'000};
  statistics.record(now, 500, true, 10ms);
  statistics.record(now + 5s, 200, false, 30ms);
  CHECK(statistics.requests(now + 5s) == 2);
  CHECK(statistics.network_errors(now + 5s) == 1);
  CHECK(statistics.responses(now + 5s, 500, 600) == 1);
  CHECK(statistics.responses(now + 5s, 200, 500) == 1);
  CHECK(statistics.latency_ms(now + 5s, 50) == Approx(10).epsilon(0.04));
  CHECK(statistics.latency_ms(now + 5s, 100) == Approx(30).epsilon(0.04));
  CHECK(statistics.requests(now + 11s) == 1);
  CHECK(statistics.requests(now + 16s) == 0);
  CHECK(statistics.latency_ms(now + 16s, 50) == 0);
}

TEST_CASE("each router has a breaker of its own, and it outlives the middleware") {
  BreakerTest test(when(kHalf));
  test.answers(500);
  test.ask({});
  CHECK(test.ask({}).status == 503);
  CHECK(test.ask({.router = "other@test"}).status == 500);
  test.renew(when(kHalf));
  CHECK(test.ask({}).status == 503);
  test.renew(when(kHalf + " "));
  CHECK(test.ask({}).status == 500);
}

TEST_CASE("circuitBreaker without a usable expression or with times that are none is refused") {
  CHECK(refused(when("")));
  CHECK(refused(when("NetworkErrorRatio() >")));
  config::CircuitBreaker settings = when(kHalf);
  settings.check_period = 0s;
  CHECK(refused(settings));
}
