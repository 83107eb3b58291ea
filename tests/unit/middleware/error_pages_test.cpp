#include "middleware/error_pages.h"

#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

struct ErrorPagesTest : MiddlewareTest {
  explicit ErrorPagesTest(const config::ErrorPages& settings) {
    use(middleware::ErrorPages::make(settings, pages));
    pages->answers = {{.fields = {{"Content-Type", "text/html"}, {"X-Page", "1"}}, .body = {"the page"}}};
  }
  std::shared_ptr<test::ScriptedHandler> pages = std::make_shared<test::ScriptedHandler>();
};

config::ErrorPages on(std::vector<std::string> status, std::string query = "/{status}.html") {
  config::ErrorPages settings;
  settings.status = std::move(status);
  settings.service = "pages";
  settings.query = std::move(query);
  return settings;
}

bool refused(const config::ErrorPages& settings) {
  return middleware::ErrorPages::make(settings, std::make_shared<test::ScriptedHandler>()).middleware == nullptr;
}

}  // namespace

TEST_CASE("an answer with a listed status gets the page's content and fields under its own status") {
  ErrorPagesTest test(on({"404", "500-599"}));
  test.handler.answers = {{.status = 503, .fields = {{"X-Original", "1"}}, .body = {"original"}}};
  Reply reply = test.ask({.method = "POST", .path = "/a?b", .body = "content"});
  CHECK(reply.status == 503);
  CHECK(reply.body == "the page");
  CHECK(reply.get("X-Page") == "1");
  CHECK(reply.get("X-Original").empty());
  const test::Seen& seen = test.pages->seen.at(0);
  CHECK(seen.method == "GET");
  CHECK(seen.path == "/503.html");
  CHECK(seen.authority == "app.test");
  CHECK_FALSE(seen.has_body);
}

TEST_CASE("other answers stay as they are") {
  ErrorPagesTest test(on({"404", "500-599"}));
  test.handler.answers = {{.status = 403, .body = {"original"}}};
  CHECK(test.ask({}).body == "original");
  CHECK(test.pages->seen.empty());
}

TEST_CASE("query may have the status, the one there was, and the escaped URL") {
  config::ErrorPages settings = on({"500-599"}, "{status}/{originalStatus}?of={url}");
  settings.status_rewrites = {{"500-510", 501}, {"505", 404}};
  ErrorPagesTest test(settings);
  test.handler.answers = {{.status = 505}, {.status = 506}, {.status = 599}};
  CHECK(test.ask({.path = "/a%20b?c=d&e"}).status == 404);
  CHECK(test.pages->seen[0].path == "/404/505");
  CHECK(test.pages->seen[0].query == "?of=http%3A%2F%2Fapp.test%2Fa%2520b%3Fc%3Dd%26e");
  CHECK(test.ask({}).status == 501);
  CHECK(test.ask({}).status == 599);
}

TEST_CASE("without query the page is the root") {
  ErrorPagesTest test(on({"500"}, ""));
  test.handler.answers = {{.status = 500}};
  test.ask({.path = "/deep"});
  CHECK(test.pages->seen.at(0).path == "/");
}

TEST_CASE("the page is asked for with the request's fields, or the listed ones, never conditionally") {
  Ask ask{.fields = {{"Cookie", "a"}, {"X-A", "1"}, {"If-None-Match", "x"}, {"Range", "bytes=0-1"}}};
  config::ErrorPages settings = on({"500"});
  {
    ErrorPagesTest test(settings);
    test.handler.answers = {{.status = 500}};
    test.ask(ask);
    CHECK(test.pages->seen.at(0).get("Cookie") == "a");
    CHECK(test.pages->seen.at(0).get("X-A") == "1");
    CHECK(test.pages->seen.at(0).get("If-None-Match").empty());
    CHECK(test.pages->seen.at(0).get("Range").empty());
  }
  settings.error_request_headers = {"x-a"};
  ErrorPagesTest test(settings);
  test.handler.answers = {{.status = 500}};
  test.ask(ask);
  CHECK(test.pages->seen.at(0).get("Cookie").empty());
  CHECK(test.pages->seen.at(0).get("X-A") == "1");
}

TEST_CASE("the page is asked for with the request as it came, whatever was done to it behind") {
  ErrorPagesTest test(on({"500"}, "/page"));
  test.handler.answers = {{.status = 500}};
  test.ask({.fields = {{"X-A", "1"}}});
  CHECK(test.pages->seen.at(0).fields == test::FieldList{{"X-A", "1"}});
}

TEST_CASE("a page that does not come leaves the plain text of the status") {
  ErrorPagesTest test(on({"500"}));
  test.handler.answers = {{.status = 500, .body = {"secret"}}};
  test.pages->answers = {{.error = Error::of(Code::refused, "connect", Origin::upstream)}};
  Reply reply = test.ask({});
  CHECK(reply.status == 500);
  CHECK(reply.body == "Internal Server Error");
}

TEST_CASE("errors with a status that cannot be read is refused") {
  CHECK(refused(on({"5xx"})));
  CHECK(refused(on({"500-400"})));
  config::ErrorPages settings = on({"500"});
  settings.status_rewrites = {{"418", 42}};
  CHECK(refused(settings));
  CHECK(middleware::ErrorPages::make(on({"500"}), nullptr).middleware == nullptr);
}
