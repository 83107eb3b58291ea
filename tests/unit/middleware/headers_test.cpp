#include "middleware/headers.h"

#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

struct HeadersTest : MiddlewareTest {
  explicit HeadersTest(const config::Headers& settings) : MiddlewareTest(middleware::Headers::make(settings)) {}
};

Reply reply_with(const config::Headers& settings, Ask ask = {}, test::FieldList server = {}) {
  HeadersTest test(settings);
  test.handler.answers[0].fields = std::move(server);
  return test.ask(std::move(ask));
}

Ask preflight(std::string origin, std::string method = "POST", std::string headers = "") {
  Ask ask{.method = "OPTIONS", .fields = {{"Origin", std::move(origin)}}};
  ask.fields.emplace_back("Access-Control-Request-Method", std::move(method));
  if (!headers.empty()) ask.fields.emplace_back("Access-Control-Request-Headers", std::move(headers));
  return ask;
}

}  // namespace

TEST_CASE("headers without options, or with what cannot be sent, is refused") {
  CHECK(middleware::Headers::make({}).middleware == nullptr);
  config::Headers bad;
  bad.custom_request_headers["Bad Name"] = "x";
  CHECK(middleware::Headers::make(bad).middleware == nullptr);
  config::Headers line;
  line.custom_response_headers["X-A"] = "a\r\nb";
  CHECK(middleware::Headers::make(line).middleware == nullptr);
  config::Headers regex;
  regex.access_control_allow_origin_list_regex = {"("};
  CHECK(middleware::Headers::make(regex).middleware == nullptr);
  config::Headers policy;
  policy.content_security_policy = "x\n$NONCE";
  CHECK(middleware::Headers::make(policy).middleware == nullptr);
}

TEST_CASE("custom request headers are set, and removed when their value is empty") {
  config::Headers settings;
  settings.custom_request_headers = {{"X-Set", "new"}, {"X-Gone", ""}, {"Authorization", ""}};
  HeadersTest test(settings);
  test.ask(
      {.fields = {{"x-set", "old"}, {"X-Set", "older"}, {"x-gone", "1"}, {"Authorization", "x"}, {"X-Kept", "k"}}});
  CHECK(test.seen().get("X-Set") == "new");
  CHECK(test.seen().get("X-Gone").empty());
  CHECK(test.seen().get("Authorization").empty());
  CHECK(test.seen().get("X-Kept") == "k");
}

TEST_CASE("a custom Host is sent instead of the client's") {
  config::Headers settings;
  settings.custom_request_headers = {{"Host", "inner.test:81"}};
  HeadersTest test(settings);
  test.ask({});
  CHECK(test.seen().authority == "inner.test:81");
  settings.custom_request_headers = {{"Host", "a b"}};
  CHECK(middleware::Headers::make(settings).middleware == nullptr);
}

TEST_CASE("an empty X-Forwarded-For suppresses it for good") {
  config::Headers settings;
  settings.custom_request_headers = {{"X-Forwarded-For", ""}};
  HeadersTest test(settings);
  test.ask({.fields = {{"X-Forwarded-For", "10.0.0.1"}}});
  CHECK(test.seen().get("X-Forwarded-For").empty());
  CHECK_FALSE(test.seen().appends_forwarded_for);
}

TEST_CASE("custom response headers replace the server's, and remove them when empty") {
  config::Headers settings;
  settings.custom_response_headers = {{"X-Set", "ours"}, {"Server", ""}};
  Reply reply = reply_with(settings, {}, {{"X-Set", "theirs"}, {"Server", "secret"}, {"X-Kept", "k"}});
  CHECK(reply.get("X-Set") == "ours");
  CHECK(reply.get("Server").empty());
  CHECK(reply.get("X-Kept") == "k");
  CHECK(reply.body == "served");
}

TEST_CASE("a preflight request is answered without asking the server") {
  config::Headers settings;
  settings.access_control_allow_origin_list = {"https://a.test", "https://b.test"};
  settings.access_control_allow_methods = {"GET", "POST"};
  settings.access_control_allow_headers = {"X-One", "X-Two"};
  settings.access_control_expose_headers = {"X-Three"};
  settings.access_control_max_age = 600;
  settings.access_control_allow_credentials = true;
  HeadersTest test(settings);
  Reply reply = test.ask(preflight("https://b.test"));
  CHECK(test.handler.seen.empty());
  CHECK(reply.status == 200);
  CHECK(reply.body.empty());
  CHECK(reply.get("Access-Control-Allow-Origin") == "https://b.test");
  CHECK(reply.get("Access-Control-Allow-Methods") == "GET,POST");
  CHECK(reply.get("Access-Control-Allow-Headers") == "X-One,X-Two");
  CHECK(reply.get("Access-Control-Allow-Credentials") == "true");
  CHECK(reply.get("Access-Control-Max-Age") == "600");
  CHECK(reply.get("Access-Control-Expose-Headers") == "X-Three");
}

TEST_CASE("a preflight request of an origin that is not allowed gets no origin") {
  config::Headers settings;
  settings.access_control_allow_origin_list = {"https://a.test"};
  Reply reply = reply_with(settings, preflight("https://evil.test"));
  CHECK(reply.status == 200);
  CHECK(reply.get("Access-Control-Allow-Origin").empty());
  CHECK(reply.get("Access-Control-Max-Age").empty());
}

TEST_CASE("OPTIONS that is no preflight goes to the server") {
  config::Headers settings;
  settings.access_control_allow_origin_list = {"*"};
  CHECK(reply_with(settings, {.method = "OPTIONS"}).body == "served");
  CHECK(reply_with(settings, {.method = "OPTIONS", .fields = {{"Origin", "https://a.test"}}}).body == "served");
  config::Headers none;
  none.frame_deny = true;
  CHECK(reply_with(none, preflight("https://a.test")).body == "served");
}

TEST_CASE("responses say which origin may read them") {
  config::Headers settings;
  settings.access_control_allow_origin_list = {"https://a.test"};
  settings.access_control_allow_origin_list_regex = {"https://.*\\.b\\.test"};
  settings.access_control_expose_headers = {"X-One", "X-Two"};
  settings.access_control_allow_methods = {"GET"};
  settings.access_control_max_age = 5;
  auto origin = [&](const std::string& sent) {
    return reply_with(settings, {.fields = {{"Origin", sent}}}).get("Access-Control-Allow-Origin");
  };
  CHECK(origin("https://a.test") == "https://a.test");
  CHECK(origin("https://x.b.test") == "https://x.b.test");
  CHECK(origin("https://c.test").empty());
  Reply reply = reply_with(settings, {}, {{"Access-Control-Expose-Headers", "X-Server"}});
  CHECK(reply.get("Access-Control-Expose-Headers") == "X-One,X-Two");
  CHECK(reply.get("Access-Control-Allow-Methods").empty());
  CHECK(reply.get("Access-Control-Max-Age").empty());
}

TEST_CASE("the wildcard origin is sent as it is, and with credentials as the origin that asked") {
  config::Headers settings;
  settings.access_control_allow_origin_list = {"*"};
  settings.access_control_allow_headers = {"*"};
  settings.access_control_allow_methods = {"*"};
  settings.access_control_expose_headers = {"*"};
  CHECK(reply_with(settings).get("Access-Control-Allow-Origin") == "*");
  CHECK(reply_with(settings, preflight("https://a.test")).get("Access-Control-Allow-Methods") == "*");
  CHECK(reply_with(settings).get("Access-Control-Expose-Headers") == "*");
  settings.access_control_allow_credentials = true;
  Reply reply = reply_with(settings, preflight("https://a.test", "PUT", "X-Mine"));
  CHECK(reply.get("Access-Control-Allow-Origin") == "https://a.test");
  CHECK(reply.get("Access-Control-Allow-Methods") == "PUT");
  CHECK(reply.get("Access-Control-Allow-Headers") == "X-Mine");
  Reply plain = reply_with(settings);
  CHECK(plain.get("Access-Control-Allow-Origin").empty());
  CHECK(plain.get("Access-Control-Expose-Headers").empty());
  CHECK(plain.get("Access-Control-Allow-Credentials") == "true");
}

TEST_CASE("addVaryHeader adds Origin to Vary once") {
  config::Headers settings;
  settings.add_vary_header = true;
  CHECK(reply_with(settings).get("Vary") == "Origin");
  CHECK(reply_with(settings, {}, {{"Vary", "Accept"}}).get("Vary") == "Accept,Origin");
  CHECK(reply_with(settings, {}, {{"Vary", "Accept, origin"}}).get("Vary") == "Accept, origin");
}

TEST_CASE("allowedHosts lets in these hosts, read from hostsProxyHeaders when they are sent") {
  config::Headers settings;
  settings.allowed_hosts = {"app.test", "other.test"};
  settings.hosts_proxy_headers = {"X-Forwarded-Host"};
  CHECK(reply_with(settings).status == 200);
  CHECK(reply_with(settings, {.authority = "APP.test"}).status == 200);
  Reply reply = reply_with(settings, {.authority = "evil.test"});
  CHECK(reply.status == 500);
  CHECK(reply.body == "Bad Host");
  CHECK(reply_with(settings, {.fields = {{"X-Forwarded-Host", "evil.test"}}}).status == 500);
  CHECK(reply_with(settings, {.fields = {{"X-Forwarded-Host", "other.test"}}, .authority = "evil.test"}).status == 200);
  settings.is_development = true;
  CHECK(reply_with(settings, {.authority = "evil.test"}).status == 200);
}

TEST_CASE("Strict-Transport-Security is for TLS unless it is forced") {
  config::Headers settings;
  settings.sts_seconds = 31536000;
  CHECK(reply_with(settings).get("Strict-Transport-Security").empty());
  CHECK(reply_with(settings, {.tls = true}).get("Strict-Transport-Security") == "max-age=31536000");
  settings.sts_include_subdomains = true;
  settings.sts_preload = true;
  CHECK(reply_with(settings, {.tls = true}).get("Strict-Transport-Security") ==
        "max-age=31536000; includeSubDomains; preload");
  settings.ssl_proxy_headers = {{"X-Forwarded-Proto", "https"}};
  CHECK_FALSE(
      reply_with(settings, {.fields = {{"X-Forwarded-Proto", "https"}}}).get("Strict-Transport-Security").empty());
  CHECK(reply_with(settings, {.fields = {{"X-Forwarded-Proto", "http"}}}).get("Strict-Transport-Security").empty());
  settings.force_sts_header = true;
  CHECK_FALSE(reply_with(settings).get("Strict-Transport-Security").empty());
  settings.is_development = true;
  CHECK(reply_with(settings).get("Strict-Transport-Security").empty());
  config::Headers preload_only;
  preload_only.sts_preload = true;
  CHECK(reply_with(preload_only, {.tls = true}).get("Strict-Transport-Security").empty());
}

TEST_CASE("each option for browsers sets its field and replaces the server's") {
  config::Headers settings;
  settings.frame_deny = true;
  settings.content_type_nosniff = true;
  settings.browser_xss_filter = true;
  settings.content_security_policy = "default-src 'self'";
  settings.content_security_policy_report_only = "default-src 'none'";
  settings.referrer_policy = "no-referrer";
  settings.permissions_policy = "camera=()";
  settings.public_key = "pin-sha256=\"x\"";
  Reply reply = reply_with(settings, {.tls = true}, {{"X-Frame-Options", "SAMEORIGIN"}});
  CHECK(reply.get("X-Frame-Options") == "DENY");
  CHECK(reply.get("X-Content-Type-Options") == "nosniff");
  CHECK(reply.get("X-XSS-Protection") == "1; mode=block");
  CHECK(reply.get("Content-Security-Policy") == "default-src 'self'");
  CHECK(reply.get("Content-Security-Policy-Report-Only") == "default-src 'none'");
  CHECK(reply.get("Referrer-Policy") == "no-referrer");
  CHECK(reply.get("Permissions-Policy") == "camera=()");
  CHECK(reply.get("Public-Key-Pins") == "pin-sha256=\"x\"");
  CHECK(reply_with(settings).get("Public-Key-Pins").empty());
  settings.custom_frame_options_value = "SAMEORIGIN";
  settings.custom_browser_xss_value = "0";
  CHECK(reply_with(settings).get("X-Frame-Options") == "SAMEORIGIN");
  CHECK(reply_with(settings).get("X-XSS-Protection") == "0");
}

TEST_CASE("$NONCE in a policy is another value for each request, the same in both policies") {
  config::Headers settings;
  settings.content_security_policy = "script-src 'nonce-$NONCE' 'self'";
  settings.content_security_policy_report_only = "'nonce-$NONCE'";
  HeadersTest test(settings);
  Reply one = test.ask({});
  Reply two = test.ask({});
  std::string policy = one.get("Content-Security-Policy");
  CHECK(policy.starts_with("script-src 'nonce-"));
  CHECK(policy.ends_with("' 'self'"));
  CHECK(policy.find("$NONCE") == std::string::npos);
  CHECK(policy != two.get("Content-Security-Policy"));
  std::string nonce = policy.substr(18, 24);
  CHECK(one.get("Content-Security-Policy-Report-Only") == "'nonce-" + nonce + "'");
}

TEST_CASE("deprecated options of headers are taken and do nothing") {
  config::Headers settings;
  settings.ssl_redirect = true;
  settings.ssl_temporary_redirect = true;
  settings.ssl_host = "secure.test";
  settings.ssl_force_host = true;
  settings.feature_policy = "camera 'none'";
  Reply reply = reply_with(settings);
  CHECK(reply.status == 200);
  CHECK(reply.get("Feature-Policy").empty());
}
