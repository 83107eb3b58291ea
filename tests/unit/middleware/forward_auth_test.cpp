#include "middleware/forward_auth.h"

#include "support/edge/test_edge.h"
#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::TestEdge;

namespace {

std::string answer(int status, const std::string& fields = "", const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// An edge whose one router asks the server "auth" before it asks the server behind.
struct Guarded {
  explicit Guarded(config::ForwardAuth settings = {}) {
    if (settings.address.empty()) settings.address = "http://auth/verify?x=1";
    control::MadeMiddleware made = middleware::ForwardAuth::make(settings, registry);
    INFO(made.error);
    REQUIRE(made.middleware != nullptr);
    REQUIRE(made.endpoints.size() == 1);
    behind->answers = {{.fields = {{"Set-Cookie", "session=old"}, {"Set-Cookie", "other=1"}}}};
    edge.route("PathPrefix(`/`)", std::make_shared<proxy::Link>(made.middleware, behind));
    auth().answers(answer(200));
  }
  test::TestUpstream& auth() { return edge.upstream("auth"); }
  // What the edge answers to GET /path?q with these fields.
  std::string get(const std::string& fields = "") {
    return edge.exchange("GET /path?q HTTP/1.1\r\nHost: app.test:81\r\n" + fields + "\r\n");
  }
  // The request the authentication server received.
  std::string asked() {
    REQUIRE(auth().connections() > 0);
    return auth().received().back();
  }
  control::Registry registry;
  TestEdge edge;
  std::shared_ptr<test::ScriptedHandler> behind = std::make_shared<test::ScriptedHandler>();
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool refused(const config::ForwardAuth& settings) {
  control::Registry registry;
  return middleware::ForwardAuth::make(settings, registry).middleware == nullptr;
}

}  // namespace

TEST_CASE("forwardAuth asks with GET at its address and lets 2xx pass") {
  Guarded guarded;
  CHECK(has(guarded.get("X-Mine: 1\r\nConnection: X-Hop\r\nX-Hop: 1\r\nTE: gzip\r\n"), "served"));
  std::string asked = guarded.asked();
  CHECK(asked.starts_with("GET /verify?x=1 HTTP/1.1\r\n"));
  CHECK(has(asked, "Host: auth\r\n"));
  CHECK(has(asked, "X-Mine: 1\r\n"));
  CHECK_FALSE(has(asked, "X-Hop"));
  CHECK_FALSE(has(asked, "TE:"));
  CHECK(guarded.behind->seen.at(0).path == "/path");
}

TEST_CASE("any other answer goes to the client with its status, fields and content") {
  Guarded guarded;
  guarded.auth().answers(answer(403, "X-Why: no\r\nSet-Cookie: a=b\r\n", "not you"));
  std::string reply = guarded.get();
  CHECK(reply.starts_with("HTTP/1.1 403"));
  CHECK(has(reply, "X-Why: no\r\n"));
  CHECK(has(reply, "Set-Cookie: a=b\r\n"));
  CHECK(has(reply, "not you"));
  CHECK(guarded.behind->seen.empty());
}

TEST_CASE("an authentication server that cannot be asked lets nobody pass") {
  Guarded guarded;
  guarded.auth().refuses();
  CHECK(guarded.get().starts_with("HTTP/1.1 500"));
  CHECK(guarded.behind->seen.empty());
}

TEST_CASE("an authentication server that does not answer within 30 seconds lets nobody pass") {
  Guarded guarded;
  guarded.auth().plays({{"never", "", test::Scene::Then::keep}});
  TestEdge::Client client = guarded.edge.connect();
  client.say("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  CHECK(client.received().empty());
  guarded.edge.loop().advance(31s);
  CHECK(client.received().starts_with("HTTP/1.1 500"));
}

TEST_CASE("what the server learns about the request: trustForwardHeader unset, false and true") {
  const std::string sent =
      "X-Forwarded-Method: PUT\r\nX-Forwarded-Uri: /fake\r\nX-Forwarded-Host: fake.test\r\nX-Forwarded-Proto: https\r\n"
      "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Port: 99\r\nX-Real-Ip: 10.0.0.2\r\n";
  struct Row {
    std::optional<bool> trust;
    std::string method, proto, host, uri, chain, port, real;
  };
  for (const Row& row : {Row{std::nullopt, "GET", "http", "app.test:81", "/path?q", "192.0.2.1", "99", "10.0.0.2"},
                         Row{false, "GET", "http", "app.test:81", "/path?q", "192.0.2.1", "81", ""},
                         Row{true, "PUT", "https", "fake.test", "/fake", "10.0.0.1, 192.0.2.1", "99", "10.0.0.2"}}) {
    config::ForwardAuth settings;
    settings.trust_forward_header = row.trust;
    Guarded guarded(settings);
    guarded.edge.settings().trust_everyone = true;  // of the entry point
    guarded.edge.settings().forwards = true;
    guarded.get(sent);
    std::string asked = guarded.asked();
    INFO(asked);
    CHECK(has(asked, "X-Forwarded-Method: " + row.method + "\r\n"));
    CHECK(has(asked, "X-Forwarded-Proto: " + row.proto + "\r\n"));
    CHECK(has(asked, "X-Forwarded-Host: " + row.host + "\r\n"));
    CHECK(has(asked, "X-Forwarded-Uri: " + row.uri + "\r\n"));
    CHECK(has(asked, "X-Forwarded-For: " + row.chain + "\r\n"));
    CHECK(has(asked, "X-Forwarded-Port: " + row.port + "\r\n"));
    CHECK(has(asked, "X-Real-Ip: " + row.real + "\r\n") == !row.real.empty());
    // Once each.
    CHECK(asked.find("X-Forwarded-For") == asked.rfind("X-Forwarded-For"));
  }
}

TEST_CASE("authRequestHeaders sends these fields and those about the request") {
  config::ForwardAuth settings;
  settings.auth_request_headers = {"cookie"};
  Guarded guarded(settings);
  guarded.get("Cookie: a=b\r\nX-Mine: 1\r\nX-Real-Ip: 10.0.0.2\r\n");
  std::string asked = guarded.asked();
  CHECK(has(asked, "Cookie: a=b\r\n"));
  CHECK_FALSE(has(asked, "X-Mine"));
  CHECK_FALSE(has(asked, "X-Real-Ip"));
  for (const char* name : {"Method", "Proto", "Host", "Uri", "For"}) {
    CHECK(has(asked, "X-Forwarded-" + std::string(name) + ": "));
  }
}

TEST_CASE("authResponseHeaders go to the server behind, and nobody else can say them") {
  config::ForwardAuth settings;
  settings.auth_response_headers = {"X-User", "X-Group"};
  Guarded guarded(settings);
  guarded.auth().answers(answer(200, "x-user: ann\r\nx-user: too\r\nX-Other: 1\r\n"));
  guarded.get("X-User: root\r\nX-Group: wheel\r\nx_user: root\r\nX-Kept: k\r\n");
  const test::Seen& seen = guarded.behind->seen.at(0);
  CHECK(seen.get("X-User") == "ann|too");
  CHECK(seen.get("X-Group").empty());
  CHECK(seen.get("x_user").empty());
  CHECK(seen.get("X-Other").empty());
  CHECK(seen.get("X-Kept") == "k");
}

TEST_CASE("headerField names the user for the log, and is no field of the request") {
  config::ForwardAuth settings;
  settings.header_field = "X-User";
  Guarded guarded(settings);
  guarded.auth().answers(answer(200, "x-user: ann\r\nx-user: too\r\n"));
  guarded.get("X-User: root\r\n");
  CHECK(guarded.behind->seen.at(0).user == "ann");
  CHECK(guarded.behind->seen.at(0).get("X-User") == "root");  // authResponseHeaders would say more
  guarded.auth().answers(answer(200));
  guarded.get("X-User: root\r\n");
  CHECK(guarded.behind->seen.at(1).user.empty());
  settings.header_field = "no name";
  settings.address = "http://auth";
  CHECK(refused(settings));
}

TEST_CASE("authResponseHeadersRegex chooses fields by expression") {
  config::ForwardAuth settings;
  settings.auth_response_headers_regex = "^X-Auth-";
  Guarded guarded(settings);
  guarded.auth().answers(answer(200, "X-Auth-User: ann\r\nX-Other: 1\r\n"));
  guarded.get("X-Auth-User: root\r\nX-Auth-Role: admin\r\nX_Auth_Role: admin\r\nX-Kept: k\r\n");
  const test::Seen& seen = guarded.behind->seen.at(0);
  CHECK(seen.get("X-Auth-User") == "ann");
  CHECK(seen.get("X-Auth-Role").empty());
  CHECK(seen.get("X_Auth_Role").empty());
  CHECK(seen.get("X-Other").empty());
  CHECK(seen.get("X-Kept") == "k");
  settings.auth_response_headers_regex = "(";
  settings.address = "http://auth";
  CHECK(refused(settings));
}

TEST_CASE("addAuthCookiesToResponse passes these cookies on and replaces the server's") {
  config::ForwardAuth settings;
  settings.add_auth_cookies_to_response = {"session"};
  Guarded guarded(settings);
  guarded.auth().answers(answer(200, "Set-Cookie: session=new; Path=/\r\nSet-Cookie: hidden=1\r\n"));
  std::string reply = guarded.get();
  CHECK(has(reply, "Set-Cookie: session=new; Path=/\r\n"));
  CHECK(has(reply, "Set-Cookie: other=1\r\n"));
  CHECK_FALSE(has(reply, "session=old"));
  CHECK_FALSE(has(reply, "hidden"));
}

TEST_CASE("forwardBody sends the content to both servers") {
  config::ForwardAuth settings;
  settings.forward_body = true;
  settings.preserve_request_method = true;
  settings.max_body_size = 7;
  Guarded guarded(settings);
  std::string reply = guarded.edge.exchange("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 7\r\n\r\ncontent");
  CHECK(has(reply, "served"));
  CHECK(guarded.asked().starts_with("POST /verify?x=1 "));
  CHECK(has(guarded.asked(), "Content-Length: 7\r\n"));
  CHECK(guarded.behind->seen.at(0).body == "content");
  CHECK(guarded.edge.exchange("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 8\r\n\r\ncontents")
            .starts_with("HTTP/1.1 401"));
  CHECK(guarded.edge
            .exchange("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "8\r\ncontents\r\n0\r\n\r\n")
            .starts_with("HTTP/1.1 401"));
  CHECK(guarded.behind->seen.size() == 1);
}

TEST_CASE("without forwardBody the content goes to the server behind only") {
  Guarded guarded;
  guarded.edge.exchange("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 7\r\n\r\ncontent");
  CHECK(guarded.asked().starts_with("GET "));
  CHECK_FALSE(has(guarded.asked(), "Content-Length"));
  CHECK(guarded.behind->seen.at(0).body == "content");
}

TEST_CASE("maxResponseBodySize turns larger answers into 401") {
  config::ForwardAuth settings;
  settings.max_response_body_size = 5;
  Guarded guarded(settings);
  guarded.auth().answers(answer(200, "", "12345"));
  CHECK(guarded.get().starts_with("HTTP/1.1 200"));
  guarded.auth().answers(answer(200, "", "123456"));
  CHECK(guarded.get().starts_with("HTTP/1.1 401"));
  guarded.auth().answers(answer(403, "", "12345"));
  std::string reply = guarded.get();
  CHECK(reply.starts_with("HTTP/1.1 403"));
  CHECK(has(reply, "12345"));
  guarded.auth().answers(answer(403, "", "123456"));
  CHECK(guarded.get().starts_with("HTTP/1.1 401"));
}

TEST_CASE("a relative Location becomes absolute, unless preserveLocationHeader is set") {
  struct Row {
    const char* sent;
    const char* absolute;
  };
  for (const Row& row : {Row{"/login", "http://auth/login"}, Row{"login?a", "http://auth/login?a"},
                         Row{"?b", "http://auth/verify?b"}, Row{"//other/x", "http://other/x"},
                         Row{"https://sso.test/x", "https://sso.test/x"}, Row{"../up", "http://auth/up"}}) {
    config::ForwardAuth settings;
    for (bool preserve : {false, true}) {
      settings.preserve_location_header = preserve;
      Guarded guarded(settings);
      guarded.auth().answers(answer(302, std::string("Location: ") + row.sent + "\r\n"));
      CHECK(has(guarded.get(), std::string("Location: ") + (preserve ? row.sent : row.absolute) + "\r\n"));
    }
  }
}

TEST_CASE("authSigninURL is where a 401 leads") {
  config::ForwardAuth settings;
  settings.auth_signin_url = "https://sso.test/login";
  Guarded guarded(settings);
  guarded.auth().answers(answer(401));
  std::string reply = guarded.get();
  CHECK(reply.starts_with("HTTP/1.1 302"));
  CHECK(has(reply, "Location: https://sso.test/login\r\n"));
  guarded.auth().answers(answer(403));
  CHECK(guarded.get().starts_with("HTTP/1.1 403"));
}

TEST_CASE("forwardAuth without a usable address is refused") {
  config::ForwardAuth settings;
  CHECK(refused(settings));
  settings.address = "auth:80";
  CHECK(refused(settings));
  settings.address = "https://auth";
  CHECK(refused(settings));
  settings.address = "http://auth";
  CHECK_FALSE(refused(settings));
  settings.auth_response_headers = {"no name"};
  CHECK(refused(settings));
}
