#include "control/challenge_places.h"

#include "building.h"
#include "control/explain.h"

using namespace sluice;
using namespace sluice::control;

namespace {

constexpr std::string_view kServices = R"yaml(
http:
  services: {app: {loadBalancer: {servers: [{url: "http://10.0.0.1:80"}]}}}
  routers:
)yaml";
constexpr std::string_view kTcp = R"yaml(
tcp:
  services: {vm: {loadBalancer: {servers: [{address: "10.0.0.2:443"}]}}}
  routers:
)yaml";

// Two entry points, `web` with a redirection to https, and a resolver of each kind.
struct Edge : Building {
  Edge() : Building{{"secure", ":443"}, {"web", ":80"}} {
    config::EntryPoint& web = configuration.entry_points["web"];
    web.http.redirections.entry_point.emplace();
    web.http.redirections.entry_point->to = "secure";
    configuration.certificates_resolvers["http"].acme.emplace().http_challenge.emplace();
    configuration.certificates_resolvers["tls"].acme.emplace().tls_challenge.emplace();
  }

  const server::Snapshot& build(const std::string& yaml) {
    auto internal = std::make_shared<Fragment>(internal_fragment(configuration));
    return *Building::build({internal, fragment("file", yaml)}).snapshot;
  }
  bool manages(const std::string& host) const {
    const server::ChallengeRules* rules = built.snapshot->challenge_rules(kWeb);
    return rules != nullptr && rules->manages(host);
  }
  // What `sluice explain` says of a challenge on `web`.
  std::string answer(const std::string& host) {
    Live live;
    live.configuration = &configuration;
    live.entry_points = settings;
    live.fragments = fragments;
    live.snapshot = built.snapshot;
    Question question = *parse_question("GET", "http://" + host + "/.well-known/acme-challenge/0123456789abcdef");
    question.entry_point = "web";
    return std::string(explain(live, question).find("answer")->text());
  }

  static constexpr std::size_t kSecure = 0;
  static constexpr std::size_t kWeb = 1;
};

}  // namespace

TEST_CASE("hosts are ours when a resolver that proves names over HTTP obtains their certificates") {
  Edge edge;
  edge.build(std::string(kServices) + R"yaml(
    a: {rule: "Host(`A.test`) && !Host(`not.test`)", service: app, tls: {certResolver: http}}
    b: {rule: "Host(`b.test`)", service: app, tls: {certResolver: tls}}
    c: {rule: "Host(`c.test`)", service: app, tls: {}}
    d: {rule: "Host(`d.test`)", service: app, tls: {certResolver: http, domains: [{main: e.test, sans: [f.test, "*.g.test"]}]}}
    h: {rule: "Host(`h.test`)", service: app}
)yaml" + R"yaml(
tls: {stores: {default: {defaultGeneratedCert: {resolver: http, domain: {main: s.test}}}}}
)yaml");
  INFO(edge.report);
  for (const char* ours : {"a.test", "e.test", "f.test", "s.test"}) CHECK(edge.manages(ours));
  for (const char* other : {"not.test", "b.test", "c.test", "d.test", "x.g.test", "*.g.test", "h.test"}) {
    CAPTURE(other);
    CHECK_FALSE(edge.manages(other));
  }
}

TEST_CASE("an entry point's resolver makes the hosts of its routers ours, and a TCP router's does too") {
  Edge edge;
  config::RouterTls& model = edge.configuration.entry_points["secure"].http.tls.emplace();
  model.cert_resolver = "http";
  edge.build(std::string(kServices) + "    a: {rule: \"Host(`a.test`)\", service: app, entryPoints: [secure]}\n" +
             "    b: {rule: \"Host(`b.test`)\", service: app, entryPoints: [web]}\n" + std::string(kTcp) + R"yaml(
    c: {rule: "HostSNI(`c.test`)", service: vm, tls: {certResolver: http}}
    d: {rule: "HostSNI(`d.test`)", service: vm, tls: {certResolver: http, passthrough: true}}
)yaml");
  INFO(edge.report);
  CHECK(edge.manages("a.test"));
  CHECK_FALSE(edge.manages("b.test"));
  CHECK(edge.manages("c.test"));
  CHECK_FALSE(edge.manages("d.test"));
}

TEST_CASE("without resolvers and delegations there are no rules") {
  Edge edge;
  CHECK(edge.build(std::string(kServices) + "    a: {rule: \"Host(`a.test`)\", service: app, tls: {}}\n")
            .challenges.empty());
}

TEST_CASE("only an entry point that redirects has a table without its redirection") {
  Edge edge;
  const server::Snapshot& snapshot =
      edge.build(std::string(kServices) + "    a: {rule: \"Host(`a.test`)\", service: app}\n");
  REQUIRE(snapshot.entry_points[Edge::kWeb]->not_redirected != nullptr);
  CHECK(snapshot.entry_points[Edge::kWeb]->not_redirected->size() == 1);
  CHECK(snapshot.entry_points[Edge::kWeb]->table.size() == 2);
  CHECK(snapshot.entry_points[Edge::kSecure]->not_redirected == nullptr);
}

TEST_CASE("a router names hosts whose challenges go to its service, on every entry point") {
  Edge edge;
  const server::Snapshot& snapshot = edge.build(std::string(kServices) + R"yaml(
    vm: {rule: "Host(`vm.test`)", service: app, tls: {}, entryPoints: [secure], acme: {delegate: ["VM.test", "*.vm.test", "no host"]}}
    z: {rule: "Host(`z.test`)", service: app, acme: {delegate: [vm.test]}}
)yaml" + std::string(kTcp) + R"yaml(
    vm: {rule: "HostSNI(`vm.test`)", service: vm, tls: {passthrough: true}, acme: {delegate: [inner.test]}}
)yaml");
  for (std::size_t i : {Edge::kSecure, Edge::kWeb}) {
    const server::ChallengeRules& rules = *snapshot.challenge_rules(i);
    REQUIRE(rules.http.find("vm.test") != nullptr);
    CHECK(rules.http.find("vm.test")->router == "router vm@file");
    CHECK(rules.http.find("x.vm.test") != nullptr);
    CHECK(rules.http.find("y.x.vm.test") == nullptr);
    CHECK(rules.http.find("inner.test") == nullptr);
    CHECK(rules.tls.find("inner.test") != nullptr);
  }
  CHECK(edge.reports("no host"));
  CHECK(edge.reports("both want the challenges of vm.test"));
}

TEST_CASE("an entry point names hosts and services of its own, which come before those of routers") {
  Edge edge;
  edge.configuration.entry_points["web"].acme.delegate = {{{"vm.test"}, "app@file", "vm@file"}, {{"x.test"}, "", ""}};
  const server::Snapshot& snapshot = edge.build(std::string(kServices) + R"yaml(
    z: {rule: "Host(`z.test`)", service: app, acme: {delegate: [vm.test, other.test]}}
)yaml" + std::string(kTcp) + "    a: {rule: \"HostSNI(`*`)\", service: vm}\n");
  CHECK(snapshot.challenge_rules(Edge::kWeb)->http.find("vm.test")->router == "entry point web");
  CHECK(snapshot.challenge_rules(Edge::kWeb)->http.find("other.test")->router == "router z@file");
  CHECK(snapshot.challenge_rules(Edge::kWeb)->tls.find("vm.test") != nullptr);
  CHECK(snapshot.challenge_rules(Edge::kSecure)->http.find("vm.test")->router == "router z@file");
  CHECK(snapshot.challenge_rules(Edge::kSecure)->tls.find("vm.test") == nullptr);
  CHECK(edge.reports("delegates challenges to no service"));
}

TEST_CASE("a name that is obtained here and passed through as well is reported with both routers") {
  Edge edge;
  edge.build(std::string(kServices) + "    a: {rule: \"Host(`a.test`)\", service: app, tls: {certResolver: http}}\n" +
             std::string(kTcp) + "    t: {rule: \"HostSNI(`a.test`)\", service: vm, tls: {passthrough: true}}\n");
  CHECK(edge.reports("router a@file obtains the certificate of a.test, and TCP router t@file passes"));
}

TEST_CASE("explain says what becomes of a challenge") {
  Edge edge;
  edge.build(std::string(kServices) + R"yaml(
    ours: {rule: "Host(`ours.test`)", service: app, tls: {certResolver: http}, entryPoints: [secure]}
    vm: {rule: "Host(`vm.test`)", service: app, entryPoints: [web]}
    inner: {rule: "Host(`inner.test`)", service: app, entryPoints: [secure], tls: {}, acme: {delegate: ["*.in.test"]}}
)yaml");
  INFO(edge.report);
  CHECK(edge.answer("ours.test").starts_with("404: the host's certificates are obtained here"));
  CHECK(edge.answer("vm.test").starts_with("forwarded to its server"));
  CHECK(edge.answer("a.in.test") == "to the service of router inner@file, without middlewares");
  CHECK(edge.answer("nobody.test").find("Sluice itself answers") != std::string::npos);
}
