#include "middleware/redirect_scheme.h"

#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;

namespace {

class Served final : public proxy::Handler {
 public:
  Task<Result<http::Response>> handle(http::Request& request) const override {
    co_return http::text_response(request.arena, 200, "served");
  }
};

struct Answer {
  std::uint16_t status = 0;
  std::string location;
};

Task<Answer> ask(const middleware::RedirectScheme& redirect, http::Method method, std::string authority, bool tls,
                 std::string forwarded) {
  Arena arena;
  http::Peer peer;
  peer.tls = tls;
  http::Request request(arena, peer);
  request.method = method;
  request.authority = authority;
  request.target.path = "/a%20b";
  request.target.query = "q=1";
  request.target.has_query = true;
  if (!forwarded.empty()) request.fields.add(http::FieldId::x_forwarded_proto, forwarded);
  Served served;
  Result<http::Response> response = co_await redirect.handle(request, served);
  Answer answer;
  answer.status = response->status;
  answer.location = std::string(response->fields.get(http::FieldId::location).value_or(""));
  co_return answer;
}

Answer redirected(config::RedirectScheme settings, http::Method method = http::Method::get,
                  std::string authority = "app.test", bool tls = false, std::string forwarded = "") {
  middleware::RedirectScheme redirect(settings);
  return test::run_task(ask(redirect, method, std::move(authority), tls, std::move(forwarded)));
}

config::RedirectScheme settings(std::string scheme, std::string port, bool permanent) {
  config::RedirectScheme made;
  made.scheme = std::move(scheme);
  made.port = std::move(port);
  made.permanent = permanent;
  return made;
}

}  // namespace

TEST_CASE("the scheme changes and everything else of the URL stays") {
  CHECK(redirected(settings("https", "", false)).location == "https://app.test/a%20b?q=1");
  CHECK(redirected(settings("https", "443", false)).location == "https://app.test/a%20b?q=1");
  CHECK(redirected(settings("https", "8443", false)).location == "https://app.test:8443/a%20b?q=1");
  CHECK(redirected(settings("https", "", false), http::Method::get, "app.test:8080").location ==
        "https://app.test/a%20b?q=1");
  CHECK(redirected(settings("https", "", false), http::Method::get, "[::1]:8080").location ==
        "https://[::1]/a%20b?q=1");
}

TEST_CASE("the status keeps the method of anything but GET") {
  CHECK(redirected(settings("https", "", false)).status == 302);
  CHECK(redirected(settings("https", "", true)).status == 301);
  CHECK(redirected(settings("https", "", false), http::Method::post).status == 307);
  CHECK(redirected(settings("https", "", true), http::Method::head).status == 308);
}

TEST_CASE("a request that is there already passes on") {
  CHECK(redirected(settings("https", "", false), http::Method::get, "app.test", true).status == 200);
  CHECK(redirected(settings("https", "", false), http::Method::get, "app.test", false, "https").status == 200);
  CHECK(redirected(settings("https", "", false), http::Method::get, "app.test", false, "wss").status == 200);
  CHECK(redirected(settings("https", "8443", false), http::Method::get, "app.test", true).status == 302);
  CHECK(redirected(settings("https", "8443", false), http::Method::get, "app.test:8443", true).status == 200);
}
