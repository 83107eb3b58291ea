#include "control/certificate_wants.h"

#include "building.h"

using namespace sluice;
using namespace sluice::control;

namespace {

using Names = std::vector<std::string>;

struct Configuration {
  Configuration() {
    settings.entry_points["web"].address = ":80";
    settings.certificates_resolvers["le"].acme.emplace();
  }

  const std::vector<CertificateWant>& read(const std::string& yaml) {
    fragments = {fragment("file", yaml)};
    unknown.clear();
    wants = certificate_wants(settings, merge(fragments), rules, unknown);
    return wants;
  }

  config::Static settings;
  Fragments fragments;
  RuleCache rules;
  config::Report unknown;
  std::vector<CertificateWant> wants;
};

}  // namespace

TEST_CASE("the hosts of a rule are one certificate, those under a negation are none") {
  Configuration configuration;
  const auto& wants = configuration.read(R"yaml(
http:
  routers:
    a: {rule: "(Host(`B.test`) || Host(`a.test`)) && !Host(`c.test`) && PathPrefix(`/x`)", tls: {certResolver: le}}
    b: {rule: "HostRegexp(`.+`)", tls: {certResolver: le}}
    c: {rule: "Host(`plain.test`)"}
    d: {rule: "Host(`own.test`)", tls: {}}
tcp:
  routers:
    t: {rule: "HostSNI(`t.test`)", tls: {certResolver: le}}
    any: {rule: "HostSNI(`*`)", tls: {certResolver: le}}
    through: {rule: "HostSNI(`p.test`)", tls: {certResolver: le, passthrough: true}}
)yaml");
  REQUIRE(wants.size() == 2);
  CHECK(wants[0].names == Names{"b.test", "a.test"});
  CHECK(wants[0].router == "a@file");
  CHECK(wants[1].names == Names{"t.test"});
  CHECK(configuration.unknown.empty());
}

TEST_CASE("tls.domains are one certificate each, whatever the rule says") {
  Configuration configuration;
  const auto& wants = configuration.read(R"yaml(
http:
  routers:
    a:
      rule: "Host(`x.test`)"
      tls: {certResolver: le, domains: [{main: a.test, sans: ["*.a.test"]}, {main: b.test}]}
)yaml");
  REQUIRE(wants.size() == 2);
  CHECK(wants[0].names == Names{"a.test", "*.a.test"});
  CHECK(wants[1].names == Names{"b.test"});
}

TEST_CASE("a router without tls has that of its entry point") {
  Configuration configuration;
  configuration.settings.entry_points["web"].http.tls.emplace();
  configuration.settings.entry_points["web"].http.tls->cert_resolver = "le";
  const auto& wants = configuration.read(R"yaml(
http:
  routers:
    a: {rule: "Host(`a.test`)"}
    b: {rule: "Host(`b.test`)", tls: {}}
)yaml");
  REQUIRE(wants.size() == 1);
  CHECK(wants[0].names == Names{"a.test"});
}

TEST_CASE("the generated default certificate is wanted") {
  Configuration configuration;
  const auto& wants = configuration.read(
      "tls: {stores: {default: {defaultGeneratedCert: {resolver: le, domain: {main: d.test, sans: [e.test]}}}}}");
  REQUIRE(wants.size() == 1);
  CHECK(wants[0].names == Names{"d.test", "e.test"});
}

TEST_CASE("a resolver that does not exist is reported once per router") {
  Configuration configuration;
  CHECK(configuration.read("http: {routers: {a: {rule: \"Host(`a.test`)\", tls: {certResolver: lee}}}}").empty());
  REQUIRE(configuration.unknown.size() == 1);
  CHECK(configuration.unknown[0].what.find("lee") != std::string::npos);
  CHECK(configuration.unknown[0].fix.find("le") != std::string::npos);
}
