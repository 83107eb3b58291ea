// What middlewares do to each other: for every pair whose order matters, both orders.
#include <zlib.h>

#include "middleware/buffering.h"
#include "middleware/circuit_breaker.h"
#include "middleware/compress.h"
#include "middleware/content_type.h"
#include "middleware/error_pages.h"
#include "middleware/headers.h"
#include "middleware/in_flight_req.h"
#include "middleware/rate_limit.h"
#include "middleware/retry.h"
#include "middleware/strip_prefix.h"
#include "proxy/answering.h"
#include "unit/middleware/middleware_test.h"

using namespace sluice;
using namespace sluice::middleware;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

using Middlewares = std::vector<std::shared_ptr<const proxy::Middleware>>;

// A chain, with the errors of the handler behind it answered as behind a router.
class Chained final : public proxy::Middleware {
 public:
  explicit Chained(Middlewares list) : list_(std::move(list)) {}
  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override {
    std::shared_ptr<const proxy::Handler> behind(std::shared_ptr<void>(), &next);
    std::shared_ptr<const proxy::Handler> all = proxy::chain(list_, std::make_shared<proxy::Answering>(behind));
    Result<http::Response> response = co_await all->handle(request);
    co_return response;
  }

 private:
  Middlewares list_;
};

struct Combination : MiddlewareTest {
  std::shared_ptr<test::ScriptedHandler> pages = std::make_shared<test::ScriptedHandler>();

  void outer_to_inner(const std::vector<control::MadeMiddleware>& made) {
    Middlewares list;
    for (const control::MadeMiddleware& one : made) {
      INFO(one.error);
      REQUIRE(one.middleware != nullptr);
      list.push_back(one.middleware);
    }
    use(control::MadeMiddleware::of(std::make_shared<Chained>(std::move(list))));
  }
  control::MadeMiddleware errors() {
    config::ErrorPages settings;
    settings.status = {"500-599"};
    settings.service = "pages";
    pages->answers = {{.fields = {{"Content-Type", "text/html"}}, .body = {std::string(5000, 'p')}}};
    return ErrorPages::make(settings, pages);
  }
  control::MadeMiddleware limit(std::int64_t burst) {
    config::RateLimit settings;
    settings.average = 1;
    settings.period = 1h;
    settings.burst = burst;
    return RateLimit::make(settings, "limit@test", registry);
  }
  control::MadeMiddleware breaker(const std::string& expression = "ResponseCodeRatio(500, 600, 0, 600) > 0.5") {
    config::CircuitBreaker settings;
    settings.expression = expression;
    settings.check_period = 1ns;
    return CircuitBreaker::make(settings, "breaker@test", 1, registry);
  }
  control::MadeMiddleware in_flight() {
    config::InFlightReq settings;
    settings.amount = 1;
    return InFlightReq::make(settings, "flight@test", registry);
  }
};

control::MadeMiddleware retry(std::int64_t attempts = 3) {
  config::Retry settings;
  settings.attempts = attempts;
  settings.status = {"500-599"};
  return Retry::make(settings);
}
control::MadeMiddleware compress() { return Compress::make({}); }
control::MadeMiddleware buffering() { return Buffering::make({}); }
control::MadeMiddleware strip() { return StripPrefix::make({{"/api"}, false}); }
control::MadeMiddleware content_type() { return control::MadeMiddleware::of(std::make_shared<ContentType>()); }
control::MadeMiddleware response_field() {
  config::Headers settings;
  settings.custom_response_headers = {{"X-Ours", "1"}};
  return Headers::make(settings);
}

std::string unpacked(const std::string& bytes) {
  std::string out(1 << 20, '\0');
  z_stream state{};
  inflateInit2(&state, 15 + 16);
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  state.avail_in = static_cast<uInt>(bytes.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  bool whole = inflate(&state, Z_FINISH) == Z_STREAM_END;
  out.resize(whole ? out.size() - state.avail_out : 0);
  inflateEnd(&state);
  return out;
}

const Ask kGzip{.fields = {{"Accept-Encoding", "gzip"}}};

}  // namespace

TEST_CASE("errors around retry: the page comes when all tries are over") {
  Combination test;
  test.outer_to_inner({test.errors(), retry()});
  test.handler.answers = {{.status = 500}, {.status = 500}, {}};
  CHECK(test.ask({}).body == "served");
  test.handler.seen.clear();
  test.handler.answers = {{.status = 500}};
  CHECK(test.ask({}).body == std::string(5000, 'p'));
  CHECK(test.handler.seen.size() == 3);
  CHECK(test.pages->seen.size() == 1);
}

TEST_CASE("retry around errors: each try has a page, and only the last is sent") {
  Combination test;
  test.outer_to_inner({retry(), test.errors()});
  test.handler.answers = {{.status = 500}};
  CHECK(test.ask({.path = "/x"}).body == std::string(5000, 'p'));
  CHECK(test.handler.seen.size() == 3);
  CHECK(test.pages->seen.size() == 3);
  for (const test::Seen& seen : test.handler.seen) CHECK(seen.path == "/x");
}

TEST_CASE("compress around errors: the page is compressed") {
  Combination test;
  test.outer_to_inner({compress(), test.errors()});
  test.handler.answers = {{.status = 500}};
  Reply reply = test.ask(kGzip);
  CHECK(reply.get("Content-Encoding") == "gzip");
  CHECK(unpacked(reply.body) == std::string(5000, 'p'));
}

TEST_CASE("errors around compress: the page is not, and nothing of the first answer is left") {
  Combination test;
  test.outer_to_inner({test.errors(), compress()});
  test.handler.answers = {{.status = 500, .body = {std::string(5000, 's')}}};
  Reply reply = test.ask(kGzip);
  CHECK(reply.get("Content-Encoding").empty());
  CHECK(reply.body == std::string(5000, 'p'));
}

TEST_CASE("buffering and compress in both orders") {
  Combination test;
  test.handler.answers = {{.body = {std::string(3000, 'x'), std::string(3000, 'y')}, .length = false}};
  test.outer_to_inner({buffering(), compress()});
  Reply reply = test.ask(kGzip);
  CHECK(unpacked(reply.body) == std::string(3000, 'x') + std::string(3000, 'y'));
  CHECK(reply.length == reply.body.size());  // compressed, then taken in whole
  test.handler.seen.clear();
  test.outer_to_inner({compress(), buffering()});
  reply = test.ask(kGzip);
  CHECK(unpacked(reply.body) == std::string(3000, 'x') + std::string(3000, 'y'));
  CHECK_FALSE(reply.length.has_value());
}

TEST_CASE("retry around buffering and buffering around retry send the same content each time") {
  for (bool buffers_first : {true, false}) {
    Combination test;
    test.handler.answers = {{.status = 500}, {.status = 500}, {}};
    if (buffers_first) {
      test.outer_to_inner({buffering(), retry()});
    } else {
      test.outer_to_inner({retry(), buffering()});
    }
    std::string body(50'000, 'b');
    CHECK(test.ask({.method = "PUT", .body = body, .length = false}).status == 200);
    REQUIRE(test.handler.seen.size() == 3);
    for (const test::Seen& seen : test.handler.seen) CHECK(seen.body == body);
  }
}

TEST_CASE("rateLimit outside of retry counts requests, inside it counts tries") {
  {
    Combination test;
    test.handler.answers = {{.status = 500}};
    test.outer_to_inner({test.limit(2), retry()});
    CHECK(test.ask({}).status == 500);
    CHECK(test.ask({}).status == 500);
    CHECK(test.ask({}).status == 429);
    CHECK(test.handler.seen.size() == 6);
  }
  Combination test;
  test.handler.answers = {{.status = 500}};
  test.outer_to_inner({retry(), test.limit(2)});
  CHECK(test.ask({}).status == 429);
  CHECK(test.handler.seen.size() == 2);
}

TEST_CASE("circuitBreaker inside of retry ends the tries, outside it sees what came of them") {
  {
    Combination test;
    test.handler.answers = {{.status = 500}};
    test.outer_to_inner({retry(5), test.breaker()});
    CHECK(test.ask({}).status == 503);
    CHECK(test.handler.seen.size() == 1);
  }
  Combination test;
  test.handler.answers = {{.status = 500}, {.status = 500}, {}};
  test.outer_to_inner({test.breaker(), retry()});
  CHECK(test.ask({}).status == 200);
  CHECK(test.ask({}).status == 200);
}

TEST_CASE("retry knows that nothing was sent through whatever stands between it and the server") {
  Error refused = Error::of(Code::refused, "connect", Origin::upstream);
  refused.nothing_sent = true;
  config::Retry settings;
  settings.attempts = 2;
  Combination test;
  test.handler.answers = {{.error = refused, .reads_body = false}, {}};
  test.outer_to_inner({Retry::make(settings), test.in_flight(), test.breaker("RequestThreshold(100)"), compress(),
                       buffering(), content_type(), response_field()});
  CHECK(test.ask({.method = "POST"}).status == 200);
  CHECK(test.handler.seen.size() == 2);
}

TEST_CASE("inFlightReq inside of retry counts one try at a time") {
  Combination test;
  test.handler.answers = {{.status = 500}, {.status = 500}, {}};
  test.outer_to_inner({retry(), test.in_flight()});
  CHECK(test.ask({}).status == 200);
  CHECK(test.handler.seen.size() == 3);
}

TEST_CASE("every try and every page begins with the request as it was") {
  Combination test;
  test.handler.answers = {{.status = 500}, {}};
  test.outer_to_inner({retry(), strip()});
  CHECK(test.ask({.path = "/api/x"}).status == 200);
  for (const test::Seen& seen : test.handler.seen) {
    CHECK(seen.path == "/x");
    CHECK(seen.get("X-Forwarded-Prefix") == "/api");
  }
}

TEST_CASE("headers reach the answers of what is inside, not of what is outside") {
  Combination inside;
  inside.outer_to_inner({response_field(), inside.limit(1)});
  CHECK(inside.ask({}).get("X-Ours") == "1");
  Reply reply = inside.ask({});
  CHECK(reply.status == 429);
  CHECK(reply.get("X-Ours") == "1");
  inside.handler.seen.clear();
}

TEST_CASE("headers stay off the answers of what is outside") {
  Combination test;
  test.outer_to_inner({test.limit(1), response_field()});
  CHECK(test.ask({}).get("X-Ours") == "1");
  CHECK(test.ask({}).get("X-Ours").empty());
}

TEST_CASE("contentType inside of compress guesses from the content, outside it guesses nothing from bytes in code") {
  Combination test;
  test.handler.answers = {{.body = {"<html>" + std::string(3000, 'x')}}};
  test.outer_to_inner({compress(), content_type()});
  Reply reply = test.ask(kGzip);
  CHECK(reply.get("Content-Type") == "text/html; charset=utf-8");
  CHECK(unpacked(reply.body) == "<html>" + std::string(3000, 'x'));
  test.outer_to_inner({content_type(), compress()});
  reply = test.ask(kGzip);
  CHECK(reply.get("Content-Type").empty());
  CHECK(reply.get("Content-Encoding") == "gzip");
}
