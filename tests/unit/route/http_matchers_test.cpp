// The matchers of HTTP rules in v3 syntax, one by one.
#include "ask.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::route;

TEST_CASE("Host compares names without regard to case, port and one trailing dot") {
  CHECK(matches("Host(`example.com`)", Ask().host("example.com")));
  CHECK(matches("Host(`example.com`)", Ask().host("EXAMPLE.com:8080")));
  CHECK(matches("Host(`Example.COM`)", Ask().host("example.com")));
  CHECK(matches("Host(`example.com`)", Ask().host("example.com.")));
  CHECK(matches("Host(`example.com.`)", Ask().host("example.com")));
  CHECK(matches("Host(`192.0.2.7`)", Ask().host("192.0.2.7:80")));
  CHECK_FALSE(matches("Host(`example.com`)", Ask().host("www.example.com")));
  CHECK_FALSE(matches("Host(`example.com`)", Ask().host("example.co")));
  CHECK_FALSE(matches("Host(`example.com`)", Ask().host("example.com.evil.test")));
  CHECK_FALSE(matches("Host(`example.com`)", Ask()));
  CHECK_FALSE(matches("Host(`.`)", Ask()));
  CHECK_FALSE(matches("Host(`example.com..`)", Ask().host("example.com")));
}

TEST_CASE("a wildcard host stands for exactly one label") {
  CHECK(matches("Host(`*.example.com`)", Ask().host("a.example.com")));
  CHECK(matches("Host(`*.Example.com.`)", Ask().host("A.EXAMPLE.COM")));
  CHECK_FALSE(matches("Host(`*.example.com`)", Ask().host("example.com")));
  CHECK_FALSE(matches("Host(`*.example.com`)", Ask().host("a.b.example.com")));
  CHECK_FALSE(matches("Host(`*.example.com`)", Ask().host("a.example.org")));
  CHECK_FALSE(matches("Host(`*.example.com`)", Ask().host("axexample.com")));
  CHECK_FALSE(matches("Host(`*.example.com`)", Ask()));
  CHECK(matches("Host(`*.com`)", Ask().host("example.com")));
  CHECK_FALSE(matches("Host(`*.*.com`)", Ask().host("a.b.com")));
}

TEST_CASE("Host(`*`) takes any host and no host") {
  CHECK(matches("Host(`*`)", Ask().host("anything.test")));
  CHECK(matches("Host(`*`)", Ask()));
  CHECK_FALSE(matches("!Host(`*`)", Ask()));
}

TEST_CASE("HostRegexp searches the canonical host") {
  CHECK(matches("HostRegexp(`^[a-z]+\\.example\\.com$`)", Ask().host("WWW.example.com:81")));
  CHECK(matches("HostRegexp(`example`)", Ask().host("my-example.org")));
  CHECK(matches("HostRegexp(`^example\\.com$`)", Ask().host("example.com")));
  CHECK(matches("HostRegexp(`(?i)^WWW\\.`)", Ask().host("www.example.com")));
  CHECK_FALSE(matches("HostRegexp(`^WWW\\.`)", Ask().host("www.example.com")));
  CHECK_FALSE(matches("HostRegexp(`^[a-z]+\\.example\\.com$`)", Ask().host("a.b.example.com")));
  CHECK_FALSE(matches("HostRegexp(`^example.com$`)", Ask().host("example.community")));
  CHECK(matches("HostRegexp(`^(?<name>[a-z]+)\\.example\\.com$`)", Ask().host("a.example.com")));
}

TEST_CASE("Path is equal to the whole path") {
  CHECK(matches("Path(`/products`)", Ask("/products")));
  CHECK(matches("Path(`/products`)", Ask("/products?page=2")));
  CHECK_FALSE(matches("Path(`/products`)", Ask("/products/")));
  CHECK_FALSE(matches("Path(`/products/`)", Ask("/products")));
  CHECK_FALSE(matches("Path(`/products`)", Ask("/Products")));
  CHECK_FALSE(matches("Path(`/products`)", Ask("/product")));
  CHECK(matches("Path(`/`)", Ask("/")));
}

TEST_CASE("PathPrefix is a plain beginning, without a segment boundary") {
  CHECK(matches("PathPrefix(`/api`)", Ask("/api")));
  CHECK(matches("PathPrefix(`/api`)", Ask("/api/v1")));
  CHECK(matches("PathPrefix(`/api`)", Ask("/apix")));
  CHECK_FALSE(matches("PathPrefix(`/api`)", Ask("/ap")));
  CHECK_FALSE(matches("PathPrefix(`/api`)", Ask("/v1/api")));
  CHECK_FALSE(matches("PathPrefix(`/api`)", Ask("/API")));
  CHECK_FALSE(matches("PathPrefix(`/api/`)", Ask("/api")));
}

TEST_CASE("PathRegexp searches the path") {
  CHECK(matches("PathRegexp(`^/v[0-9]+/users$`)", Ask("/v12/users")));
  CHECK(matches("PathRegexp(`\\.(png|jpg)$`)", Ask("/images/a.png")));
  CHECK(matches("PathRegexp(`users`)", Ask("/v1/users/7")));
  CHECK(matches("PathRegexp(`(?i)^/admin`)", Ask("/ADMIN/x")));
  CHECK_FALSE(matches("PathRegexp(`^/v[0-9]+/users$`)", Ask("/v1/users/7")));
  CHECK_FALSE(matches("PathRegexp(`\\.png$`)", Ask("/a.png/b")));
}

TEST_CASE("paths are compared with all but reserved escapes decoded") {
  CHECK(matches("Path(`/foo bar`)", Ask("/foo%20bar")));
  CHECK(matches("Path(`/caf\xc3\xa9`)", Ask("/caf%C3%A9")));
  CHECK(matches("Path(`/abc`)", Ask("/%61%62c")));
  CHECK_FALSE(matches("Path(`/a/b`)", Ask("/a%2Fb")));
  CHECK_FALSE(matches("PathPrefix(`/a/`)", Ask("/a%2fb")));
  CHECK(matches("Path(`/a%2Fb`)", Ask("/a%2fb")));
  CHECK(matches("PathRegexp(`^/a%2Fb$`)", Ask("/a%2fb")));
  CHECK(matches("Path(`/100%25`)", Ask("/100%25")));
  CHECK_FALSE(matches("Path(`/100%`)", Ask("/100%25")));
}

TEST_CASE("a path is compared after its dot segments and doubled slashes are gone") {
  CHECK(matches("PathPrefix(`/admin`)", Ask("/public/../admin")));
  CHECK(matches("PathPrefix(`/admin`)", Ask("//admin")));
  CHECK(matches("PathPrefix(`/admin`)", Ask("/public/%2e%2e/admin")));
  CHECK_FALSE(matches("PathPrefix(`/public`)", Ask("/public/../admin")));
}

TEST_CASE("a regular expression takes bytes that are not UTF-8 for a character") {
  Ask invalid;
  invalid.match_path("/admin/\xff");
  CHECK(matches("PathRegexp(`^/admin/.$`)", invalid));
  CHECK(matches("PathRegexp(`^/admin/[^/]+$`)", invalid));
  CHECK_FALSE(matches("!PathRegexp(`^/admin/.*$`)", invalid));
  Ask cut_short;
  cut_short.match_path("/\xe2\x82\xac/\xe2\x82");
  CHECK(matches("PathRegexp(`^/./..$`)", cut_short));
}

TEST_CASE("Method is upper-cased in the rule and exact in the request") {
  CHECK(matches("Method(`GET`)", Ask().method("GET")));
  CHECK(matches("Method(`post`)", Ask().method("POST")));
  CHECK(matches("Method(`PURGE`)", Ask().method("PURGE")));
  CHECK_FALSE(matches("Method(`GET`)", Ask().method("HEAD")));
  CHECK_FALSE(matches("Method(`GET`)", Ask().method("get")));
}

TEST_CASE("Header compares any line of the field with the exact value") {
  CHECK(matches("Header(`x-role`, `admin`)", Ask().field("X-Role", "admin")));
  CHECK(matches("Header(`X-ROLE`, `admin`)", Ask().field("x-role", "admin")));
  CHECK(matches("Header(`X-Role`, `admin`)", Ask().field("X-Role", "user").field("x-role", "admin")));
  CHECK_FALSE(matches("!Header(`X-Role`, `admin`)", Ask().field("X-Role", "user").field("X-Role", "admin")));
  CHECK_FALSE(matches("Header(`X-Role`, `admin`)", Ask().field("X-Role", "Admin")));
  CHECK_FALSE(matches("Header(`X-Role`, `admin`)", Ask().field("X-Role", "admin2")));
  CHECK_FALSE(matches("Header(`X-Role`, `admin`)", Ask().field("X-Roles", "admin")));
  CHECK_FALSE(matches("Header(`X-Role`, `admin`)", Ask()));
  CHECK(matches("Header(`Content-Type`, `application/json`)", Ask().field("content-type", "application/json")));
}

TEST_CASE("HeaderRegexp searches any line of the field") {
  CHECK(matches("HeaderRegexp(`Accept`, `json`)",
                Ask().field("Accept", "text/html").field("Accept", "application/json")));
  CHECK(matches("HeaderRegexp(`X-Id`, `^[0-9]+$`)", Ask().field("x-id", "42")));
  CHECK_FALSE(matches("HeaderRegexp(`X-Id`, `^[0-9]+$`)", Ask().field("x-id", "42x")));
  CHECK_FALSE(matches("HeaderRegexp(`X-Id`, `.*`)", Ask().field("X-Other", "42")));
}

TEST_CASE("the Host field is compared as the authority, whichever version of HTTP carries it") {
  CHECK(matches("Header(`host`, `Example.com:8080`)", Ask().host("Example.com:8080")));
  CHECK(matches("HeaderRegexp(`Host`, `:8080$`)", Ask().host("example.com:8080")));
  CHECK_FALSE(matches("Header(`Host`, `other.test`)", Ask().host("example.com").field("Host", "other.test")));
  CHECK_FALSE(matches("HeaderRegexp(`Host`, `.*`)", Ask()));
}

TEST_CASE("Query with one argument asks for the parameter without a value") {
  CHECK(matches("Query(`debug`)", Ask("/?debug")));
  CHECK(matches("Query(`debug`)", Ask("/?debug=")));
  CHECK(matches("Query(`debug`)", Ask("/?a=1&debug&b=2")));
  CHECK_FALSE(matches("Query(`debug`)", Ask("/?debug=1")));
  CHECK_FALSE(matches("Query(`debug`)", Ask("/?debugger")));
  CHECK_FALSE(matches("Query(`debug`)", Ask("/")));
}

TEST_CASE("Query with two arguments asks for the value among all of the parameter") {
  CHECK(matches("Query(`page`, `2`)", Ask("/?page=2")));
  CHECK(matches("Query(`page`, `2`)", Ask("/?page=1&page=2")));
  CHECK(matches("Query(`q`, `a b`)", Ask("/?q=a+b")));
  CHECK(matches("Query(`q`, `a b`)", Ask("/?q=a%20b")));
  CHECK(matches("Query(`a&b`, `=`)", Ask("/?a%26b=%3d")));
  CHECK_FALSE(matches("Query(`page`, `2`)", Ask("/?page=22")));
  CHECK_FALSE(matches("Query(`page`, `2`)", Ask("/?Page=2")));
  CHECK_FALSE(matches("Query(`page`, `2`)", Ask("/?page")));
}

TEST_CASE("a pair of the query that is malformed counts for nothing") {
  CHECK_FALSE(matches("Query(`a`, `1`)", Ask("/?a=1;b=2")));
  CHECK_FALSE(matches("Query(`a`)", Ask("/?a;b")));
  CHECK_FALSE(matches("QueryRegexp(`a`, `.*`)", Ask("/?a=%zz")));
  CHECK_FALSE(matches("QueryRegexp(`a`, `.*`)", Ask("/?a=%4")));
  CHECK_FALSE(matches("Query(`%zz`, `1`)", Ask("/?%zz=1")));
  CHECK(matches("Query(`a`, `1`)", Ask("/?a=%zz&&=&a=1")));
}

TEST_CASE("QueryRegexp searches the decoded values") {
  CHECK(matches("QueryRegexp(`id`, `^[0-9]+$`)", Ask("/?id=x&id=42")));
  CHECK(matches("QueryRegexp(`q`, `^a b$`)", Ask("/?q=a+b")));
  CHECK(matches("QueryRegexp(`q`, `^\xc3\xa9$`)", Ask("/?q=%C3%A9")));
  CHECK(matches("QueryRegexp(`debug`)", Ask("/?debug")));
  CHECK_FALSE(matches("QueryRegexp(`debug`)", Ask("/?debug=1")));
  CHECK_FALSE(matches("QueryRegexp(`id`, `^[0-9]+$`)", Ask("/?id=4%202")));
  CHECK_FALSE(matches("QueryRegexp(`id`, `.*`)", Ask("/?other=1")));
}

TEST_CASE("QueryRegexp reads escaped values of any length") {
  std::string value(5000, 'a');
  Ask ask;
  ask.query("q=%20" + value + "z");
  CHECK(matches("QueryRegexp(`q`, `^ a{1000}`)", ask));
  CHECK(matches("QueryRegexp(`q`, `az$`)", ask));
  CHECK_FALSE(matches("QueryRegexp(`q`, `^a`)", ask));
}

TEST_CASE("ClientIP compares the address of the peer, mapped IPv4 as IPv4") {
  CHECK(matches("ClientIP(`192.0.2.1`)", Ask().from("192.0.2.1")));
  CHECK(matches("ClientIP(`192.0.2.0/24`)", Ask().from("::ffff:192.0.2.77")));
  CHECK(matches("ClientIP(`10.1.2.3/8`)", Ask().from("10.200.0.1")));
  CHECK(matches("ClientIP(`2001:db8::/32`)", Ask().from("2001:db8:1::1")));
  CHECK(matches("ClientIP(`::1`)", Ask().from("::1")));
  CHECK(matches("ClientIP(`::ffff:10.0.0.0/104`)", Ask().from("10.0.0.1")));
  CHECK_FALSE(matches("ClientIP(`192.0.2.0/24`)", Ask().from("192.0.3.1")));
  CHECK_FALSE(matches("ClientIP(`0.0.0.0/0`)", Ask().from("2001:db8::1")));
  CHECK_FALSE(matches("ClientIP(`10.0.0.1`)", Ask().from("192.0.2.1").field("X-Forwarded-For", "10.0.0.1")));
}

TEST_CASE("operators bind as usual: ! before && before ||") {
  Ask get("/a");
  get.host("a.test").method("GET");
  CHECK(matches("Host(`x`) && Path(`/x`) || Path(`/a`)", get));
  CHECK_FALSE(matches("Host(`x`) && (Path(`/x`) || Path(`/a`))", get));
  CHECK(matches("!Host(`x`) && Path(`/a`)", get));
  CHECK_FALSE(matches("!(Host(`x`) || Path(`/a`))", get));
  CHECK(matches("!(Host(`x`) && Path(`/a`))", get));
  CHECK(matches("!!Path(`/a`)", get));
  CHECK(matches("Path(`/a`) || Host(`x`) && Path(`/x`)", get));
}
