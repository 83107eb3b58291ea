#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <fstream>

#include "building.h"
#include "support/tls/test_certificates.h"

using namespace sluice;
using namespace sluice::control;
using server::TcpRoute;

namespace {

constexpr std::string_view kHttp = R"yaml(
http:
  services: {app: {loadBalancer: {servers: [{url: "http://10.0.0.1:80"}]}}}
  routers:
)yaml";

// A PEM text as a value in flow style.
std::string quoted(const std::string& pem) {
  std::string text = "\"";
  for (char c : pem) text += c == '\n' ? std::string("\\n") : std::string(1, c);
  return text + '"';
}

// One entry point, and what a worker would be given for it.
struct Edge : Building {
  Edge() : Building{{"web", ":443"}} {}

  const server::EntryPointRoutes& build(const std::vector<std::pair<std::string, std::string>>& yaml_of) {
    Fragments from;
    for (const auto& [provider, yaml] : yaml_of) from.push_back(fragment(provider, yaml));
    return *Building::build(from).snapshot->entry_points[0];
  }
  const server::EntryPointRoutes& build(const std::string& yaml) { return build({{"file", yaml}}); }

  static std::string options(const server::EntryPointRoutes& routes, std::string_view name) {
    const server::HttpsHosts::Policy& policy = *routes.tls->hosts.find(name).policy;
    return policy.options + (policy.context == nullptr ? " closed" : "");
  }
};

}  // namespace

TEST_CASE("routers with tls and routers without are in different tables") {
  Edge edge;
  const server::EntryPointRoutes& routes = edge.build(std::string(kHttp) + R"yaml(
    plain: {rule: "Host(`plain.test`)", service: app}
    secure: {rule: "Host(`secure.test`)", service: app, tls: {}}
)yaml");
  INFO(edge.report);
  CHECK(taker(routes, "plain.test") == "plain@file");
  CHECK(taker(routes, "secure.test").empty());
  CHECK(taker(routes.tls->http, "secure.test") == "secure@file");
  CHECK(taker(routes.tls->http, "plain.test").empty());
  CHECK(routes.tls->hosts.find("secure.test").specific);
  CHECK_FALSE(routes.tls->hosts.find("plain.test").specific);
  CHECK_FALSE(routes.tls->hosts.catch_all());
}

TEST_CASE("an entry point with tls gives it to routers that have none") {
  Edge edge;
  edge.configuration.entry_points["web"].http.tls.emplace();
  const server::EntryPointRoutes& routes =
      edge.build(std::string(kHttp) + "    app: {rule: \"Host(`app.test`)\", service: app}\n");
  CHECK(taker(routes, "app.test").empty());
  CHECK(taker(routes.tls->http, "app.test") == "app@file");
}

TEST_CASE("options belong to the hosts of their routers and are never replaced by weaker ones") {
  Edge edge;
  const server::EntryPointRoutes& routes = edge.build(std::string(kHttp) + R"yaml(
    a: {rule: "Host(`a.test`) || Host(`*.w.test`)", service: app, tls: {options: strong}}
    b: {rule: "Host(`b.test`)", service: app, tls: {}}
    c: {rule: "Host(`c.test`)", service: app, tls: {options: missing}}
    d: {rule: "Host(`d.test`)", service: app, tls: {options: broken}}
    e1: {rule: "Host(`e.test`)", service: app, tls: {options: strong}}
    e2: {rule: "Host(`e.test`) && Path(`/x`)", service: app, tls: {}}
    f: {rule: "Host(`f.test`)", service: nowhere, tls: {options: strong}}
    any: {rule: "PathPrefix(`/any`)", service: app, tls: {options: strong}}
tls:
  options:
    strong: {minVersion: VersionTLS13}
    broken: {clientAuth: {clientAuthType: RequireAndVerifyClientCert}}
)yaml");
  CHECK(edge.options(routes, "a.test") == "strong@file");
  CHECK(edge.options(routes, "x.w.test") == "strong@file");
  CHECK(edge.options(routes, "b.test") == "default");
  CHECK(edge.options(routes, "unknown.test") == "default");
  CHECK(edge.options(routes, "") == "default");
  CHECK(edge.options(routes, "c.test") == "missing@file closed");
  CHECK(edge.options(routes, "d.test") == "broken@file closed");
  CHECK(edge.options(routes, "e.test") == "default");
  // The router is broken for another reason; its host keeps what protects it.
  CHECK(edge.options(routes, "f.test") == "strong@file");
  CHECK(taker(routes.tls->http, "c.test").empty());
  CHECK(routes.tls->hosts.catch_all());
  INFO(edge.report);
  for (const char* part :
       {"router c@file has the TLS options missing@file, and they do not exist",
        "TLS options broken@file: clientAuth: this type needs caFiles",
        "routers e1@file and e2@file want different TLS options for e.test", "router any@file names no host"}) {
    INFO(part);
    CHECK(edge.reports(part));
  }
}

TEST_CASE("default options come from whoever defines them, and two definitions are reported") {
  Edge edge;
  std::string defined = "tls: {options: {default: {sniStrict: true}}}\n";
  CHECK(edge.build(defined).tls->hosts.find("").policy->context->sni_strict());
  edge.build({{"file", defined}, {"http", "tls: {options: {default: {}}}\n"}});
  CHECK(edge.reports("the TLS options default are defined by two providers"));
}

TEST_CASE("certificates come by name, stay the same object, and follow their files") {
  Edge edge;
  char path[] = "/tmp/sluice-certificate-XXXXXX";
  int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  close(fd);
  auto write_to = [&path](const test::Pem& pem) {
    std::string draft = std::string(path) + ".new";
    std::ofstream(draft) << pem.certificate << pem.key;
    REQUIRE(std::rename(draft.c_str(), path) == 0);
  };
  auto served = [&edge](const std::string& name) {
    return edge.built.snapshot->certificates->find(name, std::time(nullptr)).certificates[0];
  };
  test::Pem inline_pem = test::certificate_for({"inline.test"});
  std::string yaml = "tls: {certificates: [{certFile: " + std::string(path) + ", keyFile: " + path +
                     "}, {certFile: " + quoted(inline_pem.certificate) + ", keyFile: " + quoted(inline_pem.key) +
                     "}]}\n";
  write_to(test::certificate_for({"file.test"}));
  edge.build(yaml);
  INFO(edge.report);
  CHECK(edge.builder->files() == std::set<std::string>{path});
  const tls::Certificate* first = served("file.test");
  REQUIRE(first != nullptr);
  CHECK(served("inline.test") != nullptr);
  auto index = edge.built.snapshot->certificates;
  edge.build(yaml);
  CHECK(edge.built.snapshot->certificates == index);
  write_to(test::certificate_for({"file.test"}));
  edge.build(yaml);
  CHECK(served("file.test") != nullptr);
  CHECK(served("file.test") != first);
  const tls::Certificate* second = served("file.test");
  write_to({"nothing", ""});
  edge.build(yaml);
  CHECK(served("file.test") == second);
  CHECK(edge.reports("the last good one stays in force"));
  std::remove(path);
  edge.build(yaml);
  CHECK(served("file.test") == second);
  CHECK(edge.build("{}").tls != nullptr);
  CHECK(served("file.test") == nullptr);
}

TEST_CASE("TCP routers are placed by what their rule and their tls say") {
  Edge edge;
  const server::EntryPointRoutes& routes = edge.build(R"yaml(
tcp:
  services:
    vm: {loadBalancer: {servers: [{address: "10.0.0.1:443"}, {address: nonsense}]}}
    loop: {weighted: {services: [{name: loop}]}}
  routers:
    passed: {rule: "HostSNI(`vm.test`)", service: vm, tls: {passthrough: true}}
    ended: {rule: "HostSNI(`*.db.test`)", service: vm, tls: {}}
    plain: {rule: "HostSNI(`*`)", service: vm}
    wrong: {rule: "HostSNI(`wrong.test`)", service: vm}
    lost: {rule: "HostSNI(`*`)", service: nowhere}
    closed: {rule: "HostSNI(`closed.test`)", service: vm, tls: {options: missing}}
    guarded: {rule: "HostSNI(`*`)", service: vm, middlewares: [list]}
)yaml");
  IpAddress client = IpAddress::v4(0x7f000001);
  auto taker = [&](const server::TcpRoutes& tcp, std::string_view sni) {
    std::optional<route::SniTable::Match> match = tcp.table.match({sni, client, {}});
    return match ? &tcp.routes[match->payload] : nullptr;
  };
  const server::TcpRoutes& secure = routes.tls->tcp;
  REQUIRE(taker(secure, "vm.test") != nullptr);
  CHECK(taker(secure, "vm.test")->tls == TcpRoute::Tls::passthrough);
  CHECK(taker(secure, "a.db.test")->tls == TcpRoute::Tls::terminate);
  CHECK(taker(secure, "a.db.test")->context != nullptr);
  CHECK(taker(secure, "closed.test")->context == nullptr);
  CHECK(taker(secure, "other.test") == nullptr);
  REQUIRE(routes.tcp != nullptr);
  CHECK(routes.tcp->routes.size() == 1);
  CHECK(taker(*routes.tcp, "")->router == "plain@file");
  INFO(edge.report);
  for (const char* part : {"TCP router wrong@file names a host in", "TCP service nowhere@file does not exist",
                           "server nonsense of TCP service vm@file", "TCP service loop@file refers to itself",
                           "TCP middleware list@file does not exist"}) {
    INFO(part);
    CHECK(edge.reports(part));
  }
  auto same = edge.built.snapshot->entry_points[0];
  edge.build("tcp: {services: {vm: {loadBalancer: {servers: [{address: \"10.0.0.1:443\"}]}}}}");
  CHECK(edge.built.snapshot->entry_points[0] != same);
}

TEST_CASE("an https server needs a transport whose files can be read") {
  Edge edge;
  std::string service = R"yaml(
http:
  services: {app: {loadBalancer: {serversTransport: safe, servers: [{url: "https://10.0.0.1"}]}}}
)yaml";
  std::string roots = test::make_authority().certificate;
  edge.build(service + "  serversTransports: {safe: {rootCAs: [" + quoted(roots) + "]}}\n");
  INFO(edge.report);
  REQUIRE(edge.built.snapshot->endpoints.size() == 1);
  auto endpoint = edge.built.snapshot->endpoints[0];
  CHECK(endpoint->settings().tls != nullptr);
  CHECK(endpoint->named_by_request());
  edge.build(service + "  serversTransports: {safe: {rootCAs: [" + quoted(roots) + "]}}\n");
  CHECK(edge.built.snapshot->endpoints[0] == endpoint);
  edge.build(service + "  serversTransports: {safe: {serverName: a.test, rootCAs: [" + quoted(roots) + "]}}\n");
  REQUIRE(edge.built.snapshot->endpoints.size() == 1);
  CHECK(edge.built.snapshot->endpoints[0] != endpoint);
  CHECK_FALSE(edge.built.snapshot->endpoints[0]->named_by_request());
  edge.build(service + "  serversTransports: {safe: {rootCAs: [/nowhere/ca.pem]}}\n");
  CHECK(edge.built.snapshot->endpoints.empty());
  CHECK(edge.reports("/nowhere/ca.pem cannot be read"));
  edge.build(service);
  CHECK(edge.built.snapshot->endpoints.empty());
  CHECK(edge.reports("serversTransport safe@file does not exist"));
}

TEST_CASE("an expired certificate is served for the names its provider keeps it for") {
  test::CertificateForm form;
  form.names = {"DNS:a.test"};
  form.until = -60;
  const test::Pem pem = test::make_certificate(form);
  Fragment acme;
  acme.provider = "acme";
  config::TlsCertificate& certificate = acme.configuration.tls.certificates.emplace_back();
  certificate.cert_file = pem.certificate;
  certificate.key_file = pem.key;
  Edge edge;
  const auto served = [&] {
    const Build& built = edge.Building::build({std::make_shared<const Fragment>(acme)});
    return !built.snapshot->certificates->find("a.test", std::time(nullptr)).empty();
  };
  CHECK_FALSE(served());
  acme.keeps = {"a.test"};
  CHECK(served());
  acme.keeps.clear();
  CHECK_FALSE(served());
}
