// The matchers of HTTP rules in v2 syntax: lists of values, and templates.
#include "ask.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::route;

static bool v2(std::string_view rule, const Ask& ask) { return matches(rule, ask, Syntax::v2); }

TEST_CASE("v2: Host and HostHeader take a list of names and no wildcards") {
  CHECK(v2("Host(`a.test`, `B.test`)", Ask().host("b.test")));
  CHECK(v2("HostHeader(`a.test`)", Ask().host("A.test.")));
  CHECK_FALSE(v2("Host(`a.test`, `b.test`)", Ask().host("c.test")));
  CHECK_FALSE(v2("Host(`*.a.test`)", Ask().host("x.a.test")));
  CHECK_FALSE(v2("Host(`*`)", Ask().host("x.a.test")));
}

TEST_CASE("v2: HostRegexp templates are anchored and without regard to case") {
  CHECK(v2("HostRegexp(`{sub:[a-z]+}.example.com`)", Ask().host("www.example.com")));
  CHECK(v2("HostRegexp(`{sub:[A-Z]+}.Example.com`)", Ask().host("www.example.com")));
  CHECK(v2("HostRegexp(`{sub}.example.com`)", Ask().host("a-1.example.com")));
  CHECK(v2("HostRegexp(`example.com`, `{sub:(a|b)}.example.com`)", Ask().host("b.example.com")));
  CHECK(v2("HostRegexp(`example.com`, `{sub:a|b}.example.com`)", Ask().host("example.com")));
  CHECK(v2("HostRegexp(`{any:.+}`)", Ask().host("x.y.z")));
  CHECK_FALSE(v2("HostRegexp(`{sub:[a-z]+}.example.com`)", Ask().host("www.example.com.evil.test")));
  CHECK_FALSE(v2("HostRegexp(`{sub:[a-z]+}.example.com`)", Ask().host("1www.example.com")));
  CHECK_FALSE(v2("HostRegexp(`{sub}.example.com`)", Ask().host("a.b.example.com")));
  CHECK_FALSE(v2("HostRegexp(`{sub:a|b}.example.com`)", Ask().host("a")));
  CHECK_FALSE(v2("HostRegexp(`a.example.com`)", Ask().host("axexample.com")));
}

TEST_CASE("v2: Path templates match the whole path") {
  CHECK(v2("Path(`/users/{id:[0-9]+}`)", Ask("/users/42")));
  CHECK(v2("Path(`/users/{id}`, `/teams/{id}`)", Ask("/teams/red")));
  CHECK(v2("Path(`/a`, `/b`)", Ask("/b")));
  CHECK(v2("Path(`/{size:[0-9]{2,3}}/x`)", Ask("/123/x")));
  CHECK_FALSE(v2("Path(`/users/{id:[0-9]+}`)", Ask("/users/42/edit")));
  CHECK_FALSE(v2("Path(`/users/{id}`)", Ask("/users/a/b")));
  CHECK_FALSE(v2("Path(`/users/{id:[0-9]+}`)", Ask("/v1/users/42")));
  CHECK_FALSE(v2("Path(`/a.b`)", Ask("/axb")));
}

TEST_CASE("v2: PathPrefix templates are anchored at the start only") {
  CHECK(v2("PathPrefix(`/users/{id:[0-9]+}`)", Ask("/users/42/edit")));
  CHECK(v2("PathPrefix(`/api`, `/rest`)", Ask("/restful")));
  CHECK_FALSE(v2("PathPrefix(`/users/{id:[0-9]+}`)", Ask("/users/x")));
  CHECK_FALSE(v2("PathPrefix(`/users/{id:[0-9]+}`)", Ask("/v1/users/42")));
}

TEST_CASE("v2: Method and ClientIP take lists") {
  CHECK(v2("Method(`GET`, `head`)", Ask().method("HEAD")));
  CHECK_FALSE(v2("Method(`GET`, `HEAD`)", Ask().method("POST")));
  CHECK(v2("ClientIP(`10.0.0.0/8`, `::1`)", Ask().from("::1")));
  CHECK_FALSE(v2("ClientIP(`10.0.0.0/8`, `::1`)", Ask().from("192.0.2.1")));
}

TEST_CASE("v2: Headers, HeadersRegexp and Query ask for all of their pairs") {
  Ask both("/?a=1&b=2");
  both.field("X-A", "1").field("X-B", "2");
  CHECK(v2("Headers(`x-a`, `1`)", both));
  CHECK(v2("Headers(`X-A`, `1`, `X-B`, `2`)", both));
  CHECK_FALSE(v2("Headers(`X-A`, `1`, `X-B`, `3`)", both));
  CHECK(v2("HeadersRegexp(`X-A`, `^[0-9]$`)", both));
  CHECK_FALSE(v2("HeadersRegexp(`X-A`, `^[0-9]$`, `X-B`, `x`)", both));
  CHECK(v2("Query(`a=1`)", both));
  CHECK(v2("Query(`a=1`, `b=2`)", both));
  CHECK_FALSE(v2("Query(`a=1`, `b=3`)", both));
}

TEST_CASE("v2: a Query without a value asks for the parameter alone, one with a template for its form") {
  CHECK(v2("Query(`mobile=`)", Ask("/?mobile")));
  CHECK(v2("Query(`mobile=`)", Ask("/?mobile=yes")));
  CHECK_FALSE(v2("Query(`mobile=`)", Ask("/?tablet")));
  CHECK(v2("Query(`id={id:[0-9]+}`)", Ask("/?id=42")));
  CHECK_FALSE(v2("Query(`id={id:[0-9]+}`)", Ask("/?id=42x")));
  CHECK(v2("Query(`a=b=c`)", Ask("/?a=b%3Dc")));
}

TEST_CASE("v2: a negated list means none of it") {
  CHECK(v2("!Host(`a.test`, `b.test`)", Ask().host("c.test")));
  CHECK_FALSE(v2("!Host(`a.test`, `b.test`)", Ask().host("b.test")));
  CHECK(v2("!Query(`a=1`, `b=2`)", Ask("/?a=1&b=3")));
}
