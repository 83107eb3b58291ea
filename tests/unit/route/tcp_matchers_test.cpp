// The matchers of TCP rules, and the table that chooses a router for a connection.
#include "ask.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::route;

namespace {

const IpAddress kClient = *IpAddress::parse("192.0.2.1");

Hello sni(std::string_view name) { return Hello{name, kClient, {}}; }

bool tcp(std::string_view rule, const Hello& hello) { return matches_tcp(rule, hello); }
bool tcp_v2(std::string_view rule, const Hello& hello) { return matches_tcp(rule, hello, Syntax::v2); }

}  // namespace

TEST_CASE("HostSNI compares server names, wildcards stand for one label") {
  CHECK(tcp("HostSNI(`Example.com`)", sni("example.com")));
  CHECK(tcp("HostSNI(`example.com.`)", sni("example.com")));
  CHECK(tcp("HostSNI(`*.example.com`)", sni("a.example.com")));
  CHECK(tcp("HostSNI(`a_b.example.com`)", sni("a_b.example.com")));
  CHECK_FALSE(tcp("HostSNI(`example.com`)", sni("a.example.com")));
  CHECK_FALSE(tcp("HostSNI(`*.example.com`)", sni("a.b.example.com")));
  CHECK_FALSE(tcp("HostSNI(`*.example.com`)", sni("example.com")));
  CHECK_FALSE(tcp("HostSNI(`example.com`)", sni("")));
}

TEST_CASE("HostSNI(`*`) takes any name and none") {
  CHECK(tcp("HostSNI(`*`)", sni("anything.test")));
  CHECK(tcp("HostSNI(`*`)", sni("")));
}

TEST_CASE("HostSNIRegexp searches the server name") {
  CHECK(tcp("HostSNIRegexp(`^.+\\.example\\.com$`)", sni("a.b.example.com")));
  CHECK(tcp("HostSNIRegexp(`.*`)", sni("")));
  CHECK_FALSE(tcp("HostSNIRegexp(`^.+\\.example\\.com$`)", sni("example.com")));
}

TEST_CASE("ClientIP and ALPN look at the peer and its offers") {
  const std::vector<std::string_view> offers = {"h2", "http/1.1"};
  Hello hello{"a.test", kClient, offers};
  CHECK(tcp("ClientIP(`192.0.2.0/24`)", hello));
  CHECK_FALSE(tcp("ClientIP(`10.0.0.0/8`)", hello));
  CHECK(tcp("ALPN(`h2`)", hello));
  CHECK(tcp("ALPN(`http/1.1`)", hello));
  CHECK_FALSE(tcp("ALPN(`H2`)", hello));
  CHECK_FALSE(tcp("ALPN(`h3`)", hello));
  CHECK_FALSE(tcp("ALPN(`h2`)", sni("a.test")));
  CHECK(tcp("HostSNI(`a.test`) && !ALPN(`h3`) && ClientIP(`192.0.2.1`)", hello));
}

TEST_CASE("v2: TCP matchers take lists, HostSNIRegexp templates") {
  CHECK(tcp_v2("HostSNI(`a.test`, `B.test`)", sni("b.test")));
  CHECK(tcp_v2("HostSNI(`a.test`, `*`)", sni("")));
  CHECK_FALSE(tcp_v2("HostSNI(`a.test`, `b.test`)", sni("c.test")));
  CHECK(tcp_v2("HostSNIRegexp(`{sub:[a-z]+}.Example.com`)", sni("www.example.com")));
  CHECK_FALSE(tcp_v2("HostSNIRegexp(`{sub:[a-z]+}.example.com`)", sni("a.b.example.com")));
  const std::vector<std::string_view> offers = {"mqtt"};
  CHECK(tcp_v2("ALPN(`h2`, `mqtt`)", Hello{"", kClient, offers}));
}

TEST_CASE("a TCP rule needs TLS when its first HostSNI is not `*`") {
  auto needs = [](std::string_view rule) { return needs_tls(must_parse(rule, Family::tcp)); };
  CHECK(needs("HostSNI(`a.test`)"));
  CHECK(needs("ClientIP(`10.0.0.0/8`) && HostSNI(`*.a.test`)"));
  CHECK_FALSE(needs("HostSNI(`*`)"));
  CHECK_FALSE(needs("ClientIP(`10.0.0.0/8`)"));
  CHECK_FALSE(needs("HostSNI(`*`) && ClientIP(`10.0.0.0/8`)"));
  CHECK_FALSE(needs_tls(must_parse("Host(`a.test`)")));
}

TEST_CASE("exactly HostSNI(`*`) is a catch-all and comes last of its own accord") {
  auto catch_all = [](std::string_view rule) { return is_catch_all(must_parse(rule, Family::tcp)); };
  CHECK(catch_all("HostSNI(`*`)"));
  CHECK(catch_all(" hostsni( \"*\" ) "));
  CHECK_FALSE(catch_all("HostSNI(`*`) && ClientIP(`10.0.0.0/8`)"));
  CHECK_FALSE(catch_all("!HostSNI(`*`)"));
  CHECK_FALSE(catch_all("HostSNI(`a`)"));
  CHECK(automatic_priority(must_parse("HostSNI(`*`)", Family::tcp)) == -1);
  CHECK(automatic_priority(must_parse("HostSNI(`a`)", Family::tcp)) == 12);
  CHECK(automatic_priority(must_parse("Host(`*`)")) == 9);
}

TEST_CASE("the table says whether a router is a catch-all, and explicit priorities put one first") {
  Rule specific = must_parse("HostSNI(`a.test`)", Family::tcp);
  Rule rest = must_parse("HostSNI(`*`)", Family::tcp);
  std::vector<Route> routes = {{&rest, 0, "rest@test", 0, 1}, {&specific, 0, "a@test", 0, 2}};
  SniTable table(routes);
  auto of = [&](const SniTable& in, std::string_view name) { return *in.match(sni(name)); };
  CHECK(of(table, "a.test").payload == 2);
  CHECK_FALSE(of(table, "a.test").catch_all);
  CHECK(of(table, "b.test").payload == 1);
  CHECK(of(table, "b.test").catch_all);
  routes[0].priority = 100;
  SniTable raised(routes);
  CHECK(of(raised, "a.test").payload == 1);
  CHECK(of(raised, "a.test").catch_all);
  CHECK(raised.explain(sni("b.test")).at(1).failed == "HostSNI(`a.test`)");
}
