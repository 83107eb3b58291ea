#include "config/labels.h"

#include "config/problem_codes.h"
#include "support/catch.h"

using namespace sluice::config;
using namespace std::chrono_literals;

namespace {

using Labels = std::map<std::string, std::string>;

struct Decoded {
  LabelConfiguration labels;
  Report errors;
  Report warnings;
};

Decoded decode(const Labels& labels) {
  Report report;
  Decoded decoded;
  decoded.labels = decode_labels(labels, "container web", report);
  for (Problem& problem : report) {
    INFO(to_line(problem));
    (problem.severity == Severity::error ? decoded.errors : decoded.warnings).push_back(std::move(problem));
  }
  return decoded;
}

LabelConfiguration good(const Labels& labels) {
  Decoded decoded = decode(labels);
  INFO((decoded.errors.empty() ? std::string() : to_line(decoded.errors.front())));
  REQUIRE(decoded.errors.empty());
  CHECK(decoded.labels.usable);
  CHECK(decoded.labels.left_out.empty());
  return std::move(decoded.labels);
}

bool contains(std::string_view text, std::string_view piece) { return text.find(piece) != std::string_view::npos; }

}  // namespace

TEST_CASE("labels become routers, services and middlewares") {
  const LabelConfiguration labels = good({
      {"traefik.enable", "true"},
      {"traefik.http.routers.app.rule", "Host(`a.example`)"},
      {"traefik.http.routers.app.entrypoints", "web, websecure"},
      {"traefik.http.routers.app.middlewares", "to-https"},
      {"traefik.http.routers.app.priority", "7"},
      {"traefik.http.routers.app.tls.certresolver", "le"},
      {"traefik.http.services.app.loadbalancer.server.port", "3000"},
      {"traefik.http.services.app.loadbalancer.passhostheader", "false"},
      {"traefik.http.middlewares.to-https.redirectscheme.scheme", "https"},
      {"com.docker.compose.service", "app"},
  });
  CHECK(labels.enable == true);
  const HttpRouter& router = labels.dynamic.http.routers.at("app");
  CHECK(router.rule == "Host(`a.example`)");
  CHECK(router.entry_points == std::vector<std::string>{"web", "websecure"});
  CHECK(router.priority == 7);
  REQUIRE(router.tls);
  CHECK(router.tls->cert_resolver == "le");
  CHECK(router.source.where == "container web label traefik.http.routers.app.entrypoints");
  CHECK(labels.http_servers.at("app").port == "3000");
  const LoadBalancer& balancer = *labels.dynamic.http.services.at("app").load_balancer;
  CHECK_FALSE(balancer.pass_host_header);
  CHECK(balancer.servers.empty());
  CHECK(labels.dynamic.http.middlewares.at("to-https").redirect_scheme->scheme == "https");
}

TEST_CASE("labels are matched without regard to case except for the first word") {
  const LabelConfiguration labels =
      good({{"traefik.HTTP.Routers.MyApp.RULE", "Host(`a`)"}, {"traefik.http.routers.myapp.EntryPoints", "web"}});
  REQUIRE(labels.dynamic.http.routers.size() == 1);
  CHECK(labels.dynamic.http.routers.at("MyApp").entry_points == std::vector<std::string>{"web"});

  const Decoded wrong = decode({{"Traefik.http.routers.app.rule", "Host(`a`)"},
                                {"traefik.http.routers.app.entrypoints", "web"},
                                {"traefik.http.routers.other.rule", "Host(`b`)"}});
  REQUIRE(wrong.errors.size() == 1);
  CHECK(contains(wrong.errors[0].fix, "traefik.http.routers.app.rule"));
  CHECK_FALSE(wrong.labels.dynamic.http.routers.contains("app"));
  CHECK(wrong.labels.dynamic.http.routers.contains("other"));
  CHECK(wrong.labels.anything_left_out("http.routers"));
}

TEST_CASE("one bad label disables one object and names container, label and nearest name") {
  const Decoded decoded = decode({{"traefik.http.routers.app.rule", "Host(`a`)"},
                                  {"traefik.http.routers.app.entrypoint", "web"},
                                  {"traefik.http.routers.other.rule", "Host(`b`)"}});
  REQUIRE(decoded.errors.size() == 1);
  const Problem& problem = decoded.errors[0];
  CHECK(problem.code == code::kUnknownOption);
  CHECK(problem.source.where == "container web label traefik.http.routers.app.entrypoint");
  CHECK(contains(problem.what, "field not found, node: entrypoint"));
  CHECK(contains(problem.fix, "entryPoints"));
  CHECK(contains(problem.effect, "router \"app\" is left out"));
  CHECK(decoded.labels.usable);
  CHECK_FALSE(decoded.labels.dynamic.http.routers.contains("app"));
  CHECK(decoded.labels.dynamic.http.routers.contains("other"));
  CHECK(decoded.labels.left_out == std::vector<LeftOut>{{"http.routers", "app"}});
  CHECK(decoded.labels.anything_left_out("http.routers"));
  CHECK_FALSE(decoded.labels.anything_left_out("http.services"));
}

TEST_CASE("a misspelt section is reported and keeps defaults from taking its place") {
  const Decoded decoded = decode({{"traefik.http.router.app.rule", "Host(`a`)"}});
  REQUIRE(decoded.errors.size() == 1);
  CHECK(contains(decoded.errors[0].fix, "routers"));
  CHECK(decoded.labels.anything_left_out("http.routers"));
  CHECK_FALSE(decoded.labels.anything_left_out("tcp.routers"));
}

TEST_CASE("labels of no known section are warnings") {
  const Decoded decoded = decode({{"traefik.hhtp.routers.app.rule", "x"}, {"traefik.frontend.rule", "y"}});
  CHECK(decoded.errors.empty());
  REQUIRE(decoded.warnings.size() == 2);
  CHECK(decoded.warnings[0].code == code::kUnknownSection);
  CHECK(contains(decoded.warnings[1].fix, "traefik.http"));
}

TEST_CASE("labels that are not ours are not looked at") {
  const Decoded decoded = decode({{"traefikx.http", "1"}, {"traefik", "1"}, {"org.traefik.http.x", "1"}, {"", ""}});
  CHECK(decoded.errors.empty());
  CHECK(decoded.warnings.empty());
}

TEST_CASE("an empty word in a label key leaves its object out") {
  const Decoded decoded = decode({{"traefik.http.routers.app..rule", "x"}, {"traefik.http.routers.b.rule", "y"}});
  REQUIRE(decoded.errors.size() == 1);
  CHECK(decoded.errors[0].code == code::kSyntax);
  CHECK(decoded.labels.dynamic.http.routers.contains("b"));
  CHECK(decoded.labels.anything_left_out("http.routers"));
  CHECK(decode({{"traefik.http.routers.app.rule.", "x"}}).labels.anything_left_out("http.routers"));
  CHECK(decode({{"traefik.http..app", "x"}}).labels.anything_left_out("http.routers"));
  CHECK_FALSE(decode({{"traefik..enable", "true"}}).labels.usable);
}

TEST_CASE("wrong values of labels leave their object out") {
  for (const auto& [key, value] : Labels{{"traefik.http.routers.app.priority", "high"},
                                         {"traefik.http.routers.app.tls.domains.main", "x"},
                                         {"traefik.http.routers.app", "x"},
                                         {"traefik.http.routers.app.rule.more", "x"},
                                         {"traefik.http.routers.app.observability.metrics", ""}}) {
    INFO(key);
    const Decoded decoded = decode({{key, value}, {"traefik.http.routers.b.rule", "y"}});
    REQUIRE(decoded.errors.size() == 1);
    CHECK(contains(decoded.errors[0].source.where, key));
    CHECK(decoded.labels.dynamic.http.routers.size() == 1);
  }
}

TEST_CASE("groups are switched by true and by their options; any other value switches them off") {
  const auto tls = [](const Labels& labels) { return good(labels).dynamic.http.routers.at("r").tls.has_value(); };
  const std::string router = "traefik.http.routers.r.";
  CHECK(tls({{router + "tls", "true"}}));
  CHECK(tls({{router + "tls", "TRUE"}}));
  CHECK(tls({{router + "tls.options", "x"}}));
  CHECK(tls({{router + "tls", "true"}, {router + "tls.options", "x"}}));
  CHECK_FALSE(tls({{router + "rule", "x"}, {router + "tls", "false"}}));
  CHECK_FALSE(tls({{router + "rule", "x"}, {router + "tls", "false"}, {router + "tls.options", "x"}}));
  CHECK_FALSE(tls({{router + "rule", "x"}, {router + "tls", "1"}}));

  const Decoded standalone = decode({{"traefik.http.services.s.loadbalancer", "true"}});
  REQUIRE_FALSE(standalone.errors.empty());
  CHECK(contains(standalone.errors[0].what, "cannot be a standalone element"));
}

TEST_CASE("sticky cookies, compress and maps work by label") {
  const LabelConfiguration labels = good({
      {"traefik.http.services.s.loadbalancer.sticky.cookie", "true"},
      {"traefik.http.services.s.loadbalancer.healthcheck.interval", "10"},
      {"traefik.http.services.s.loadbalancer.healthcheck.headers.X-Probe", "1"},
      {"traefik.http.middlewares.c.compress", "true"},
      {"traefik.http.middlewares.h.headers.customrequestheaders.X-Foo", "bar"},
      {"traefik.http.middlewares.h.headers.customrequestheaders.X-Gone", ""},
  });
  const LoadBalancer& balancer = *labels.dynamic.http.services.at("s").load_balancer;
  CHECK(balancer.sticky);
  CHECK(balancer.health_check->interval == 10s);
  CHECK(balancer.health_check->headers.at("X-Probe") == "1");
  CHECK(labels.dynamic.http.middlewares.at("c").compress == Compress{});
  const auto& headers = labels.dynamic.http.middlewares.at("h").headers->custom_request_headers;
  CHECK(headers.at("X-Foo") == "bar");
  CHECK(headers.at("X-Gone").empty());
}

TEST_CASE("lists of groups are written by index, and indexes only group") {
  const std::string router = "traefik.http.routers.r.tls.domains";
  const LabelConfiguration labels = good({{router + "[2].main", "two"},
                                          {router + "[10].main", "ten"},
                                          {router + "[2].sans", "a, b"},
                                          {router + "[7].main", "seven"}});
  const std::vector<Domain>& domains = labels.dynamic.http.routers.at("r").tls->domains;
  REQUIRE(domains.size() == 3);
  CHECK(domains[0].main == "ten");  // in the order of the text of the index
  CHECK(domains[1] == Domain{"two", {"a", "b"}});
  CHECK(domains[2].main == "seven");
  CHECK(good({{"traefik.http.routers.r.tls.domains.0.main", "x"}}).dynamic.http.routers.at("r").tls->domains.size() ==
        1);
}

TEST_CASE("server labels are hints about the container") {
  const LabelConfiguration labels = good({{"traefik.http.services.a.loadbalancer.server.scheme", "h2c"},
                                          {"traefik.http.services.a.loadbalancer.server.weight", "5"},
                                          {"traefik.http.services.a.loadbalancer.server.preservepath", "true"},
                                          {"traefik.http.services.b.loadbalancer.server.url", "http://x:1"},
                                          {"traefik.tcp.services.t.loadbalancer.server.port", "5432"},
                                          {"traefik.tcp.services.t.loadbalancer.server.tls", "true"},
                                          {"traefik.udp.services.u.loadbalancer.server.port", "53"}});
  CHECK(labels.http_servers.at("a").scheme == "h2c");
  CHECK(labels.http_servers.at("a").weight == 5);
  CHECK(labels.http_servers.at("a").preserve_path);
  CHECK(labels.http_servers.at("b").url == "http://x:1");
  CHECK(labels.http_servers.at("b").source.where ==
        "container web label traefik.http.services.b.loadbalancer.server.url");
  CHECK(labels.tcp_servers.at("t").tls);
  CHECK(labels.tcp_servers.at("t").port == "5432");
  CHECK(labels.udp_servers.at("u").port == "53");
  CHECK(labels.dynamic.http.services.at("a").load_balancer);
  CHECK(labels.dynamic.tcp.services.at("t").load_balancer);
  CHECK(labels.dynamic.udp.services.at("u").load_balancer);
}

TEST_CASE("wrong server labels leave their service out") {
  for (const auto& [key, value] : Labels{{"loadbalancer.server.prot", "80"},
                                         {"loadbalancer.server", "80"},
                                         {"loadbalancer.server.scheme", "ftp"},
                                         {"loadbalancer.server.weight", "much"},
                                         {"loadbalancer.servers[0].url", "http://x"}}) {
    INFO(key);
    const Decoded decoded = decode({{"traefik.http.services.s." + key, value},
                                    {"traefik.http.services.s.loadbalancer.passhostheader", "true"},
                                    {"traefik.http.services.ok.loadbalancer.server.port", "80"}});
    REQUIRE(decoded.errors.size() == 1);
    CHECK(contains(decoded.errors[0].source.where, key));
    CHECK(decoded.labels.dynamic.http.services.size() == 1);
    CHECK_FALSE(decoded.labels.http_servers.contains("s"));
    CHECK(decoded.labels.anything_left_out("http.services"));
  }
  CHECK(contains(decode({{"traefik.http.services.s.loadbalancer.server.prot", "80"}}).errors[0].fix, "port"));
}

TEST_CASE("hints of a service that is left out for another reason go with it") {
  const Decoded decoded = decode({{"traefik.http.services.s.loadbalancer.server.port", "80"},
                                  {"traefik.http.services.s.loadbalancer.passhost", "x"}});
  CHECK(decoded.labels.http_servers.empty());
  CHECK(decoded.labels.dynamic.http.services.empty());
}

TEST_CASE("options that labels cannot set are reported, and a service without load balancer is left out") {
  const Decoded decoded = decode({{"traefik.http.services.w.middlewares", "a"},
                                  {"traefik.http.routers.r.parentrefs", "x"},
                                  {"traefik.tls.options.default.minversion", "VersionTLS10"},
                                  {"traefik.tls.certificates[0].certfile", "x"}});
  CHECK(decoded.warnings.size() >= 3);
  for (const Problem& problem : decoded.warnings) {
    CHECK((problem.code == code::kNotByLabel || problem.code == code::kNotServed));
  }
  REQUIRE(decoded.errors.size() == 1);
  CHECK(contains(decoded.errors[0].what, "load-balancer is not defined"));
  CHECK(decoded.labels.dynamic.http.services.empty());
  CHECK(decoded.labels.dynamic.tls == Tls{});
}

TEST_CASE("labels say what Traefik's cannot: composed services, transports, TLS options") {
  const LabelConfiguration labels = good({{"traefik.http.services.w.weighted.services[0].name", "a"},
                                          {"traefik.http.services.w.weighted.services[0].weight", "3"},
                                          {"traefik.http.services.w.weighted.services[1].name", "b@file"},
                                          {"traefik.http.services.f.failover.service", "a"},
                                          {"traefik.http.services.f.failover.fallback", "b"},
                                          {"traefik.http.services.m.mirroring.service", "a"},
                                          {"traefik.http.services.m.mirroring.mirrors[0].name", "b"},
                                          {"traefik.http.services.m.mirroring.mirrors[0].percent", "10"},
                                          {"traefik.http.services.h.highestrandomweight.services[0].name", "a"},
                                          {"traefik.tcp.services.w.weighted.services[0].name", "a"},
                                          {"traefik.http.serverstransports.t.insecureskipverify", "true"},
                                          {"traefik.http.serverstransports.t.rootcas", "/a.pem,/b.pem"},
                                          {"traefik.http.serverstransports.t.forwardingtimeouts.dialtimeout", "3s"},
                                          {"traefik.tcp.serverstransports.t.dialtimeout", "3s"},
                                          {"traefik.tls.options.modern.minversion", "VersionTLS13"},
                                          {"traefik.tls.options.modern.clientauth.cafiles", "/ca.pem"}});
  const auto& services = labels.dynamic.http.services;
  REQUIRE(services.at("w").weighted->services.size() == 2);
  CHECK(services.at("w").weighted->services[0].weight == 3);
  CHECK(services.at("w").weighted->services[1].name == "b@file");
  CHECK_FALSE(services.at("w").load_balancer);
  CHECK(services.at("f").failover->fallback == "b");
  CHECK(services.at("m").mirroring->mirrors.at(0).percent == 10);
  CHECK(services.at("h").highest_random_weight->services.at(0).name == "a");
  CHECK(labels.dynamic.tcp.services.at("w").weighted->services.at(0).name == "a");
  const ServersTransport& transport = labels.dynamic.http.servers_transports.at("t");
  CHECK(transport.insecure_skip_verify);
  CHECK(transport.root_cas == std::vector<std::string>{"/a.pem", "/b.pem"});
  CHECK(transport.forwarding_timeouts.dial_timeout == 3s);
  CHECK(labels.dynamic.tcp.servers_transports.contains("t"));
  CHECK(labels.dynamic.tls.options.at("modern").min_version == "VersionTLS13");
  CHECK(labels.dynamic.tls.options.at("modern").client_auth.ca_files == std::vector<std::string>{"/ca.pem"});
}

TEST_CASE("a mistake in a transport or in TLS options leaves that one out") {
  const Decoded decoded = decode({{"traefik.http.serverstransports.t.insecure", "true"},
                                  {"traefik.http.serverstransports.u.insecureskipverify", "true"},
                                  {"traefik.tls.options.bad.minversoin", "VersionTLS13"},
                                  {"traefik.tls.options.good.minversion", "VersionTLS13"}});
  CHECK(decoded.errors.size() == 2);
  CHECK(decoded.labels.dynamic.http.servers_transports.size() == 1);
  CHECK(decoded.labels.dynamic.http.servers_transports.contains("u"));
  CHECK(decoded.labels.dynamic.tls.options.size() == 1);
  CHECK(decoded.labels.dynamic.tls.options.contains("good"));
}

TEST_CASE("the default store's certificate can be asked for by label") {
  const LabelConfiguration labels =
      good({{"traefik.tls.stores.default.defaultgeneratedcert.resolver", "le"},
            {"traefik.tls.stores.default.defaultgeneratedcert.domain.main", "a.example"}});
  const TlsStore& store = labels.dynamic.tls.stores.at("default");
  CHECK(store.default_generated_cert->resolver == "le");
  CHECK(store.default_generated_cert->domain->main == "a.example");
}

TEST_CASE("provider labels are read, and a mistake in them skips the container") {
  const LabelConfiguration labels = good({{"traefik.docker.network", "proxy"},
                                          {"traefik.docker.allownonrunning", "true"},
                                          {"traefik.swarm.lbswarm", "true"}});
  CHECK(labels.docker.network == "proxy");
  CHECK(labels.docker.allow_non_running);
  CHECK(labels.docker.source.where == "container web label traefik.docker.allownonrunning");
  CHECK(labels.swarm.lb_swarm == true);
  CHECK_FALSE(labels.swarm.network);
  CHECK_FALSE(labels.enable);

  for (const auto& [key, value] : Labels{{"traefik.enable", ""},
                                         {"traefik.enable", "yes"},
                                         {"traefik.docker.netwrok", "x"},
                                         {"traefik.docker.lbswarm", "maybe"},
                                         {"Traefik.enable", "true"}}) {
    INFO(key);
    const Decoded decoded = decode({{key, value}});
    REQUIRE(decoded.errors.size() == 1);
    CHECK_FALSE(decoded.labels.usable);
    CHECK(contains(decoded.errors[0].effect, "container web is skipped"));
  }
}

TEST_CASE("two labels that differ in case only are reported, and the last one counts") {
  const Decoded decoded = decode({{"traefik.http.routers.r.Rule", "a"}, {"traefik.http.routers.r.rule", "b"}});
  CHECK(decoded.errors.empty());
  REQUIRE(decoded.warnings.size() == 1);
  CHECK(decoded.warnings[0].code == code::kDuplicate);
  CHECK(decoded.labels.dynamic.http.routers.at("r").rule == "b");
}

TEST_CASE("another prefix can be used") {
  Report report;
  const LabelConfiguration labels = decode_labels(
      {{"edge.http.routers.r.rule", "a"}, {"traefik.http.routers.s.rule", "b"}}, "service x", report, "edge");
  CHECK(report.empty());
  CHECK(labels.dynamic.http.routers.size() == 1);
}

TEST_CASE("hostile labels do no harm") {
  Labels labels;
  std::string deep;
  for (int i = 0; i < 500'000; ++i) deep += ".a";
  labels["traefik.http" + deep] = "x";
  labels["traefik.http.middlewares.m.plugin" + deep] = "x";
  labels["traefik.docker" + deep] = "x";
  labels["traefik." + std::string(100'000, 'x')] = "";
  labels["traefik.http.routers." + std::string(100'000, 'r') + ".nonsense"] = std::string(100'000, 'v');
  labels["traefik.http.routers.\x01\xff.rule"] = "x";
  labels["traefik.http.routers.[0].rule"] = "x";
  labels["traefik.http.routers.a[].rule"] = "x";
  labels["traefik.[.]"] = "x";
  labels["traefik.."] = "x";
  const Decoded decoded = decode(labels);
  for (const Problem& problem : decoded.errors) CHECK(to_line(problem).size() < 9'000);
}
