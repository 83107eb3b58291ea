#include "middleware/retry.h"

#include "proxy/answering.h"
#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;
using test::Scripted;

namespace {

// The handler behind, with its errors answered as behind a router.
class Answered final : public proxy::Middleware {
 public:
  explicit Answered(std::shared_ptr<const proxy::Middleware> inner) : inner_(std::move(inner)) {}
  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override {
    proxy::Answering answering(std::shared_ptr<const proxy::Handler>(std::shared_ptr<void>(), &next));
    Result<http::Response> response = co_await inner_->handle(request, answering);
    co_return response;
  }

 private:
  std::shared_ptr<const proxy::Middleware> inner_;
};

struct RetryTest : MiddlewareTest {
  explicit RetryTest(const config::Retry& settings) {
    control::MadeMiddleware made = middleware::Retry::make(settings);
    INFO(made.error);
    REQUIRE(made.middleware != nullptr);
    use(control::MadeMiddleware::of(std::make_shared<Answered>(made.middleware)));
  }
};

Scripted refuses() {
  Error error = Error::of(Code::refused, "connect", Origin::upstream);
  error.nothing_sent = true;
  return {.error = error, .reads_body = false};
}

Scripted breaks() { return {.error = Error::of(Code::reset, "reset", Origin::upstream)}; }

config::Retry tries(std::int64_t attempts, std::vector<std::string> status = {}) {
  config::Retry settings;
  settings.attempts = attempts;
  settings.status = std::move(status);
  return settings;
}

bool refused(const config::Retry& settings) { return middleware::Retry::make(settings).middleware == nullptr; }

}  // namespace

TEST_CASE("retry asks again when nothing was sent, whatever the method") {
  RetryTest test(tries(3));
  test.handler.answers = {refuses(), refuses(), {}};
  CHECK(test.ask({.method = "POST", .body = "content"}).status == 200);
  CHECK(test.handler.seen.size() == 3);
  CHECK(test.seen().body == "content");
}

TEST_CASE("attempts counts all tries, and the last answer is given") {
  RetryTest test(tries(3));
  test.handler.answers = {refuses()};
  Reply reply = test.ask({});
  CHECK(reply.status == 502);
  CHECK(test.handler.seen.size() == 3);
  CHECK(refused(tries(0)));
}

TEST_CASE("retry without status repeats nothing that was sent") {
  RetryTest test(tries(3));
  test.handler.answers = {breaks(), {}};
  CHECK(test.ask({}).status == 502);
  test.handler.answers = {{.status = 503}};
  CHECK(test.ask({}).status == 503);
  CHECK(test.handler.seen.size() == 2);
}

TEST_CASE("status repeats answers with these codes, our own included") {
  RetryTest test(tries(4, {"502", "503-504"}));
  test.handler.answers = {breaks(), {.status = 503}, {.status = 504}, {}};
  CHECK(test.ask({}).status == 200);
  CHECK(test.handler.seen.size() == 4);
  test.handler.seen.clear();
  test.handler.answers = {{.status = 500}};
  CHECK(test.ask({}).status == 500);
  CHECK(test.handler.seen.size() == 1);
  CHECK(refused(tries(2, {"5xx"})));
  CHECK(refused(tries(2, {"600"})));
  CHECK(refused(tries(2, {"504-502"})));
}

TEST_CASE("status repeats POST, PATCH and LOCK only with retryNonIdempotentMethod") {
  config::Retry settings = tries(2, {"503"});
  for (const char* method : {"POST", "PATCH", "LOCK"}) {
    RetryTest test(settings);
    test.handler.answers = {{.status = 503}, {}};
    CHECK(test.ask({.method = method}).status == 503);
  }
  settings.retry_non_idempotent_method = true;
  for (const char* method : {"POST", "PATCH", "LOCK", "PUT"}) {
    RetryTest test(settings);
    test.handler.answers = {{.status = 503}, {}};
    CHECK(test.ask({.method = method, .body = "x"}).status == 200);
  }
}

TEST_CASE("every try gets the request as it was, with its content") {
  RetryTest test(tries(3, {"503"}));
  test.handler.answers = {{.status = 503}, {.status = 503}, {}};
  std::string body(100'000, 'x');
  for (bool length : {true, false}) {
    test.handler.seen.clear();
    Reply reply = test.ask({.method = "PUT", .path = "/a?b", .fields = {{"X-A", "1"}}, .body = body, .length = length});
    CHECK(reply.status == 200);
    REQUIRE(test.handler.seen.size() == 3);
    for (const test::Seen& seen : test.handler.seen) {
      CHECK(seen.body == body);
      CHECK(seen.get("X-A") == "1");
      CHECK(seen.path == "/a");
      CHECK(seen.length == body.size());
    }
  }
}

TEST_CASE("content beyond maxRequestBodyBytes goes through once and whole") {
  config::Retry settings = tries(3, {"503"});
  settings.max_request_body_bytes = 10'000;
  std::string body(50'000, 'x');
  for (bool length : {true, false}) {
    RetryTest test(settings);
    test.handler.answers = {{.status = 503}, {}};
    CHECK(test.ask({.method = "PUT", .body = body, .length = length}).status == 503);
    CHECK(test.seen().body == body);
    CHECK(test.ask({.method = "PUT", .body = std::string(10'000, 'y')}).status == 200);
  }
}

TEST_CASE("disableRetryOnNetworkError leaves only the status to retry") {
  config::Retry settings = tries(3, {"503"});
  settings.disable_retry_on_network_error = true;
  RetryTest test(settings);
  test.handler.answers = {refuses(), {}};
  CHECK(test.ask({}).status == 502);
  test.handler.seen.clear();
  test.handler.answers = {{.status = 503}, {}};
  CHECK(test.ask({}).status == 200);
  settings.status.clear();
  CHECK(refused(settings));
}

TEST_CASE("initialInterval is the first pause, and pauses grow") {
  config::Retry settings = tries(3);
  settings.initial_interval = 100ms;
  RetryTest test(settings);
  test.handler.answers = {refuses(), refuses(), {}};
  auto pending = test.start({});
  CHECK(test.handler.seen.size() == 1);
  test.advance(99ms);
  CHECK(test.handler.seen.size() == 1);
  test.advance(1ms);
  CHECK(test.handler.seen.size() == 2);
  test.advance(130ms);
  CHECK(test.handler.seen.size() == 2);
  test.advance(20ms);
  CHECK(pending->reply.status == 200);
}

TEST_CASE("timeout begins no try after its time") {
  config::Retry settings = tries(10);
  settings.initial_interval = 100ms;
  settings.timeout = 250ms;
  RetryTest test(settings);
  test.handler.answers = {refuses()};
  auto pending = test.start({});
  for (int i = 0; i < 20; ++i) test.advance(50ms);
  CHECK(pending->reply.status == 502);
  CHECK(test.handler.seen.size() == 3);
}
