#include "middleware/redirect_regex.h"

#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

Reply redirected(const config::RedirectRegex& settings, Ask ask) {
  MiddlewareTest test(middleware::RedirectRegex::make(settings));
  return test.ask(std::move(ask));
}

}  // namespace

TEST_CASE("redirectRegex matches the whole URL and sends to what the replacement gives") {
  config::RedirectRegex settings{"^http://([^/]+)/old/(.*)", "https://${1}/new/$2", false};
  Reply reply = redirected(settings, {.path = "/old/a%20b?q=1", .authority = "app.test:8080"});
  CHECK(reply.status == 302);
  CHECK(reply.get("Location") == "https://app.test:8080/new/a%20b?q=1");
  CHECK(reply.body == "Found");
  CHECK(redirected(settings, {.path = "/other"}).status == 200);
}

TEST_CASE("redirectRegex sees the scheme of the connection") {
  config::RedirectRegex settings{"^https://(.*)", "http://$1", false};
  CHECK(redirected(settings, {.tls = false}).status == 200);
  CHECK(redirected(settings, {.tls = true}).get("Location") == "http://app.test/");
}

TEST_CASE("redirectRegex keeps the method of anything but GET") {
  config::RedirectRegex settings{"^http://", "https://", false};
  CHECK(redirected(settings, {}).status == 302);
  CHECK(redirected(settings, {.method = "POST"}).status == 307);
  settings.permanent = true;
  CHECK(redirected(settings, {}).status == 301);
  CHECK(redirected(settings, {.method = "PUT"}).status == 308);
}

TEST_CASE("redirectRegex passes on a request that is already there") {
  CHECK(redirected({"(.*)", "$1", false}, {}).status == 200);
}

TEST_CASE("redirectRegex sends no broken Location") {
  CHECK(redirected({"^http://.*", "https://x/a b", false}, {}).get("Location") == "https://x/a%20b");
  CHECK(redirected({"^http://.*", "https://x/%zz", false}, {}).status == 500);
  CHECK(redirected({"^http://.*", "https://x/\nSet-Cookie:a", false}, {}).status == 500);
}

TEST_CASE("redirectRegex without a usable expression is refused") {
  CHECK(middleware::RedirectRegex::make({"", "x", false}).middleware == nullptr);
  CHECK(middleware::RedirectRegex::make({"(", "x", false}).middleware == nullptr);
}
