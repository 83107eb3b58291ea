#include "middleware/buffering.h"

#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

struct BufferingTest : MiddlewareTest {
  explicit BufferingTest(const config::Buffering& settings = {})
      : MiddlewareTest(middleware::Buffering::make(settings)) {}
};

const std::string kLong = [] {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += static_cast<char>('a' + i % 23);
  return text;
}();

bool refused(const config::Buffering& settings) { return middleware::Buffering::make(settings).middleware == nullptr; }

}  // namespace

TEST_CASE("a request reaches the server whole and with its length") {
  BufferingTest test;
  for (bool length : {true, false}) {
    CHECK(test.ask({.method = "POST", .body = kLong, .length = length}).status == 200);
    CHECK(test.seen().body == kLong);
    CHECK(test.seen().length == kLong.size());
  }
  CHECK(test.ask({}).status == 200);
  CHECK_FALSE(test.seen().has_body);
}

TEST_CASE("maxRequestBodyBytes refuses larger requests with 413") {
  config::Buffering settings;
  settings.max_request_body_bytes = 5000;
  BufferingTest test(settings);
  for (bool length : {true, false}) {
    CHECK(test.ask({.method = "POST", .body = std::string(5000, 'x'), .length = length}).status == 200);
    Reply reply = test.ask({.method = "POST", .body = std::string(5001, 'x'), .length = length});
    CHECK(reply.status == 413);
    CHECK(reply.body == "Content Too Large");
  }
  CHECK(test.handler.seen.size() == 2);
}

TEST_CASE("memRequestBodyBytes and memResponseBodyBytes put the rest into a file, which changes nothing else") {
  for (std::int64_t memory : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1500}, std::int64_t{299'999}}) {
    config::Buffering settings;
    settings.mem_request_body_bytes = memory;
    settings.mem_response_body_bytes = memory;
    BufferingTest test(settings);
    test.handler.answers = {{.body = {kLong.substr(0, 1000), kLong.substr(1000)}, .length = false}};
    Reply reply = test.ask({.method = "POST", .body = kLong});
    CHECK(test.seen().body == kLong);
    CHECK(reply.body == kLong);
    CHECK(reply.length == kLong.size());
  }
}

TEST_CASE("a response is taken in whole, so its length is known") {
  BufferingTest test;
  test.handler.answers = {{.fields = {{"X-A", "1"}}, .body = {"one ", "two"}, .length = false}};
  Reply reply = test.ask({});
  CHECK(reply.body == "one two");
  CHECK(reply.length == 7);
  CHECK(reply.get("X-A") == "1");
}

TEST_CASE("maxResponseBodyBytes refuses larger responses") {
  config::Buffering settings;
  settings.max_response_body_bytes = 10;
  BufferingTest test(settings);
  for (bool length : {true, false}) {
    test.handler.answers = {{.body = {"0123456789"}, .length = length}};
    CHECK(test.ask({}).body == "0123456789");
    test.handler.answers = {{.body = {"0123456789", "0"}, .length = length}};
    CHECK(test.ask({}).status == 500);
  }
}

TEST_CASE("trailers of a response pass") {
  BufferingTest test;
  test.handler.answers = {{.body = {"x"}, .length = false, .trailers = {{"X-Sum", "1"}}}};
  Reply reply = test.ask({});
  CHECK(reply.body == "x");
  CHECK(sluice::test::field_of(reply.trailers, "X-Sum") == "1");
  CHECK_FALSE(reply.length.has_value());
}

TEST_CASE("retryExpression repeats the whole request") {
  config::Buffering settings;
  settings.retry_expression = "IsNetworkError() && Attempts() <= 2";
  BufferingTest test(settings);
  test.handler.answers = {{.status = 502}, {.status = 504}, {}};
  CHECK(test.ask({.method = "POST", .body = "content"}).status == 200);
  REQUIRE(test.handler.seen.size() == 3);
  for (const test::Seen& seen : test.handler.seen) CHECK(seen.body == "content");
  test.handler.seen.clear();
  test.handler.answers = {{.status = 502}};
  CHECK(test.ask({}).status == 502);
  CHECK(test.handler.seen.size() == 3);
}

TEST_CASE("retryExpression knows the code and the method, and stops at ten attempts") {
  config::Buffering settings;
  settings.retry_expression = "ResponseCode() == 503 && RequestMethod() == \"GET\"";
  BufferingTest test(settings);
  test.handler.answers = {{.status = 503}};
  CHECK(test.ask({}).status == 503);
  CHECK(test.handler.seen.size() == 10);
  test.handler.seen.clear();
  CHECK(test.ask({.method = "POST"}).status == 503);
  CHECK(test.handler.seen.size() == 1);
}

TEST_CASE("buffering with settings that make no sense is refused") {
  config::Buffering settings;
  settings.max_request_body_bytes = -1;
  CHECK(refused(settings));
  settings = {};
  settings.retry_expression = "Attempts(";
  CHECK(refused(settings));
  settings.retry_expression = "ResponseCode() > \"x\"";
  CHECK(refused(settings));
}
