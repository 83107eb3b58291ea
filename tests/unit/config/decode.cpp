#include "config/decode.h"

#include "config/problem_codes.h"
#include "config/schema.h"
#include "config/static_config.h"
#include "config/toml.h"
#include "config/yaml.h"
#include "support/catch.h"

using namespace sluice::config;
using namespace std::chrono_literals;

namespace {

struct Decoded {
  Dynamic dynamic;
  Report errors;
  Report warnings;
};

Decoded decode(std::string_view yaml) {
  Report report;
  const std::optional<Node> root = parse_yaml(yaml, "dynamic.yml", report);
  REQUIRE(root);
  Decoded decoded;
  std::optional<Dynamic> dynamic = decode_dynamic(*root, report);
  REQUIRE(dynamic);
  decoded.dynamic = std::move(*dynamic);
  for (Problem& problem : report) {
    (problem.severity == Severity::error ? decoded.errors : decoded.warnings).push_back(std::move(problem));
  }
  return decoded;
}

Dynamic good(std::string_view yaml) {
  Decoded decoded = decode(yaml);
  INFO((decoded.errors.empty() ? std::string() : to_line(decoded.errors.front())));
  REQUIRE(decoded.errors.empty());
  return std::move(decoded.dynamic);
}

Problem bad(std::string_view yaml) {
  Decoded decoded = decode(yaml);
  REQUIRE(decoded.errors.size() == 1);
  return decoded.errors.front();
}

bool contains(std::string_view text, std::string_view piece) { return text.find(piece) != std::string_view::npos; }

}  // namespace

TEST_CASE("a dynamic file becomes routers, services and middlewares") {
  const Dynamic dynamic = good(R"yaml(
http:
  routers:
    web:
      entryPoints: [web, websecure]
      rule: Host(`example.com`)
      middlewares: secure, other
      service: app
      priority: 42
  services:
    app:
      loadBalancer:
        servers:
          - url: http://10.0.0.1:80
          - {url: "http://10.0.0.2:80", weight: 3, preservePath: true}
        passHostHeader: false
        responseForwarding: {flushInterval: 250ms}
    split:
      weighted:
        services: [{name: app, weight: 1}, {name: old}]
  middlewares:
    secure:
      redirectScheme: {scheme: https, permanent: true}
)yaml");
  const HttpRouter& web = dynamic.http.routers.at("web");
  CHECK(web.entry_points == std::vector<std::string>{"web", "websecure"});
  CHECK(web.middlewares == std::vector<std::string>{"secure", "other"});
  CHECK(web.rule == "Host(`example.com`)");
  CHECK(web.priority == 42);
  CHECK_FALSE(web.tls);
  CHECK(web.source == Source{"dynamic.yml", 4, 5});

  const LoadBalancer& balancer = *dynamic.http.services.at("app").load_balancer;
  REQUIRE(balancer.servers.size() == 2);
  CHECK(balancer.servers[0] == Server{"http://10.0.0.1:80", std::nullopt, false});
  CHECK(balancer.servers[1] == Server{"http://10.0.0.2:80", 3, true});
  CHECK_FALSE(balancer.pass_host_header);
  CHECK(balancer.response_forwarding.flush_interval == 250ms);
  CHECK(balancer.strategy == "wrr");

  const Weighted& weighted = *dynamic.http.services.at("split").weighted;
  REQUIRE(weighted.services.size() == 2);
  CHECK(weighted.services[0].weight == 1);
  CHECK_FALSE(weighted.services[1].weight);
  CHECK(dynamic.http.middlewares.at("secure").redirect_scheme->permanent);
}

TEST_CASE("TOML and YAML of the same content are equal configurations") {
  Report report;
  const std::optional<Node> toml = parse_toml(R"toml(
[http.routers.web]
rule = "Host(`a`)"
service = "app"
[[http.services.app.loadBalancer.servers]]
url = "http://10.0.0.1"
)toml",
                                              "dynamic.toml", report);
  REQUIRE(toml);
  const std::optional<Dynamic> from_toml = decode_dynamic(*toml, report);
  REQUIRE(from_toml);
  CHECK(report.empty());
  CHECK(*from_toml == good("http:\n  routers: {web: {rule: Host(`a`), service: app}}\n"
                           "  services: {app: {loadBalancer: {servers: [{url: 'http://10.0.0.1'}]}}}\n"));
}

TEST_CASE("option names are matched without regard to case, names of objects are kept") {
  const Dynamic dynamic = good("HTTP: {Routers: {WeB: {RULE: Host(`a`), ENTRYPOINTS: [Web]}}}");
  REQUIRE(dynamic.http.routers.contains("WeB"));
  CHECK(dynamic.http.routers.at("WeB").rule == "Host(`a`)");
  CHECK(dynamic.http.routers.at("WeB").entry_points == std::vector<std::string>{"Web"});
}

TEST_CASE("where an object was written does not matter for equality") {
  CHECK(good("http: {routers: {a: {rule: x}}}") == good("\n\nhttp:\n    routers: {a: {rule: x}}"));
  CHECK_FALSE(good("http: {routers: {a: {rule: x}}}") == good("http: {routers: {a: {rule: y}}}"));
}

TEST_CASE("an unknown option names its place and the nearest name, and leaves its object out") {
  const Decoded decoded = decode(
      "http:\n  routers:\n    web:\n      rule: Host(`a`)\n      entrypoint: web\n"
      "    api: {rule: Host(`b`)}\n");
  REQUIRE(decoded.errors.size() == 1);
  const Problem& problem = decoded.errors[0];
  CHECK(problem.code == code::kUnknownOption);
  CHECK(problem.source == Source{"dynamic.yml", 5, 7});
  CHECK(contains(problem.what, "field not found, node: entrypoint"));
  CHECK(contains(problem.what, "http.routers.web.entrypoint"));
  CHECK(contains(problem.fix, "entryPoints"));
  CHECK(contains(problem.effect, "router \"web\" is left out"));
  CHECK_FALSE(decoded.dynamic.http.routers.contains("web"));
  CHECK(decoded.dynamic.http.routers.contains("api"));
}

TEST_CASE("an unknown option that resembles nothing lists what is valid") {
  const Problem problem = bad("http: {middlewares: {m: {redirectScheme: {xyzzyx: 1, scheme: https}}}}");
  CHECK(contains(problem.fix, "scheme, port, permanent"));
}

TEST_CASE("a wrong value names the option, the value, what is expected and where it is") {
  const Problem integer = bad("http:\n  routers:\n    web:\n      priority: high\n");
  CHECK(integer.code == code::kWrongValue);
  CHECK(contains(integer.what, "http.routers.web.priority: \"high\" is not a whole number"));
  CHECK(integer.source == Source{"dynamic.yml", 4, 17});

  CHECK(contains(bad("http: {routers: {web: {priority: 1.5}}}").what, "whole number"));
  CHECK(contains(bad("http: {routers: {web: {priority: 99999999999999999999}}}").what, "whole number"));
  CHECK(contains(bad("http: {routers: {web: {rule: [a]}}}").what, "a list is not a single value"));
  CHECK(contains(bad("http: {routers: {web: {rule: {a: b}}}}").what, "a group of options is not a single value"));
  CHECK(contains(bad("http: {routers: {web: {entryPoints: {a: b}}}}").what, "is not a list"));
  CHECK(contains(bad("http: {routers: {web: {entryPoints: [[a]]}}}").what, "entryPoints[0]"));
  CHECK(contains(bad("http: {routers: {web: {ruleSyntax: v4}}}").what, "one of v2, v3"));
  CHECK(contains(bad("http: {services: {s: {loadBalancer: {passHostHeader: yes}}}}").what,
                 "\"yes\" is not true or false"));
  CHECK(contains(bad("http: {services: {s: {loadBalancer: {responseForwarding: {flushInterval: fast}}}}}").what,
                 "duration"));
  CHECK(contains(bad("http: {services: {s: {loadBalancer: {servers: [{url: a}, {wait: 1}]}}}}").what,
                 "loadBalancer.servers[1].wait"));
  CHECK(contains(bad("http: {services: {s: {loadBalancer: {servers: {url: a}}}}}").what, "a list of groups"));
  CHECK(contains(bad("http: {services: {s: {loadBalancer: {servers: 'http://a'}}}}").what, "a list of groups"));
}

TEST_CASE("the value of a secret option is never printed") {
  Report report;
  const std::optional<Node> node =
      parse_yaml("providers: {docker: {watch: maybe, password: [hunter2]}}", "s.yml", report);
  REQUIRE(node);
  Static configuration;
  decode_struct(schema_of<Static>(), &configuration, *node, DecodeRules{}, report);
  REQUIRE(has_errors(report));
  for (const Problem& problem : report) CHECK_FALSE(contains(to_line(problem), "hunter2"));
}

TEST_CASE("YAML numbers in every notation reach integer options") {
  CHECK(good("http: {routers: {r: {priority: 0x10}}}").http.routers.at("r").priority == 16);
  CHECK(good("http: {routers: {r: {priority: 1_000}}}").http.routers.at("r").priority == 1000);
  CHECK(good("http: {routers: {r: {priority: '12'}}}").http.routers.at("r").priority == 12);
  CHECK(good("http: {routers: {r: {priority: -3}}}").http.routers.at("r").priority == -3);
}

TEST_CASE("text options keep numbers and booleans as they were written") {
  CHECK(good("http: {routers: {r: {rule: 1.10}}}").http.routers.at("r").rule == "1.10");
  CHECK(good("http: {routers: {r: {rule: true}}}").http.routers.at("r").rule == "true");
  CHECK(good("http: {routers: {r: {rule: 007}}}").http.routers.at("r").rule == "007");
}

TEST_CASE("booleans take Go's words only") {
  for (const char* text : {"1", "t", "T", "TRUE", "true", "True"}) {
    INFO(text);
    const std::string yaml = std::string("http: {middlewares: {m: {redirectScheme: {permanent: ") + text + "}}}}";
    CHECK(good(yaml).http.middlewares.at("m").redirect_scheme->permanent);
  }
  for (const char* text : {"yes", "on", "tRUE", "''", "2"}) {
    INFO(text);
    bad(std::string("http: {middlewares: {m: {redirectScheme: {permanent: ") + text + "}}}}");
  }
}

TEST_CASE("durations are Go durations or whole seconds") {
  const auto interval = [](const std::string& text) {
    return good("http: {services: {s: {loadBalancer: {responseForwarding: {flushInterval: " + text + "}}}}}")
        .http.services.at("s")
        .load_balancer->response_forwarding.flush_interval;
  };
  CHECK(interval("1m30s") == 90s);
  CHECK(interval("5") == 5s);
  CHECK(interval("'5'") == 5s);
  CHECK(interval("-1") == -1s);
  CHECK(interval("500ms") == 500ms);
}

TEST_CASE("lists of texts come as sequences or comma separated, and sequences keep commas") {
  const auto list = [](const std::string& text) {
    return good("http: {routers: {r: {entryPoints: " + text + "}}}").http.routers.at("r").entry_points;
  };
  CHECK(list("[a, b]") == std::vector<std::string>{"a", "b"});
  CHECK(list("'a , b'") == std::vector<std::string>{"a", "b"});
  CHECK(list("['a,b']") == std::vector<std::string>{"a,b"});
  CHECK(list("[]").empty());
  CHECK(list("''").empty());
  CHECK(contains(bad("http: {routers: {r: {entryPoints: [a, ~]}}}").what, "entryPoints[1] is empty"));
}

TEST_CASE("a group that may be empty is switched on by {}, by true, and by its options") {
  const auto tls = [](const std::string& text) {
    return good("http: {routers: {r: {tls: " + text + "}}}").http.routers.at("r").tls.has_value();
  };
  CHECK(tls("{}"));
  CHECK(tls("true"));
  CHECK(tls("TRUE"));
  CHECK(tls("{certResolver: le}"));
  CHECK_FALSE(tls("false"));
}

TEST_CASE("a group without a value switches nothing on, and a warning says so") {
  const Decoded decoded = decode("http:\n  routers:\n    r:\n      rule: a\n      tls:\n");
  CHECK(decoded.errors.empty());
  CHECK_FALSE(decoded.dynamic.http.routers.at("r").tls);
  REQUIRE(decoded.warnings.size() == 1);
  CHECK(decoded.warnings[0].code == code::kEmptyNode);
  CHECK(contains(decoded.warnings[0].fix, "tls: {}"));
}

TEST_CASE("a group that may not be empty cannot stand alone") {
  for (const char* text : {"{}", "true", "text"}) {
    INFO(text);
    const Problem problem = bad(std::string("http: {middlewares: {m: {redirectScheme: ") + text + "}}}");
    CHECK(problem.code == code::kStandalone);
    CHECK(contains(problem.what, "cannot be a standalone element"));
  }
  CHECK(contains(bad("http: {middlewares: {m: {redirectScheme: [a]}}}").what, "not a list"));
}

TEST_CASE("touching one option of a group applies the defaults of the others") {
  const Dynamic dynamic =
      good("http: {services: {s: {loadBalancer: {healthCheck: {path: /up}, sticky: {cookie: {secure: true}}}}}}");
  const LoadBalancer& balancer = *dynamic.http.services.at("s").load_balancer;
  CHECK(balancer.health_check->interval == 30s);
  CHECK(balancer.health_check->follow_redirects);
  CHECK_FALSE(balancer.health_check->unhealthy_interval);
  CHECK(balancer.sticky->cookie.path == "/");
  CHECK(balancer.sticky->cookie.secure);
}

TEST_CASE("an unknown section is left out alone") {
  const Decoded decoded = decode("http:\n  router: {a: {rule: x}}\n  routers: {b: {rule: y}}\nhttps: {}\n");
  REQUIRE(decoded.errors.size() == 2);
  CHECK(contains(decoded.errors[0].fix, "routers"));
  CHECK(contains(decoded.errors[1].fix, "http"));
  CHECK(decoded.dynamic.http.routers.contains("b"));
}

TEST_CASE("static options in a dynamic file are named as such") {
  CHECK(contains(bad("entryPoints: {web: {address: ':80'}}").fix, "static configuration"));
}

TEST_CASE("an object whose name contains @ is left out") {
  const Decoded decoded = decode("http: {routers: {web@file: {rule: x}, ok: {rule: y}}}");
  REQUIRE(decoded.errors.size() == 1);
  CHECK(decoded.dynamic.http.routers.size() == 1);
}

TEST_CASE("one broken certificate leaves the others") {
  const Decoded decoded = decode(
      "tls:\n  certificates:\n    - {certFile: a, keyFile: b}\n    - {certfil: c}\n"
      "    - {certFile: d, keyFile: e}\n");
  REQUIRE(decoded.errors.size() == 1);
  CHECK(contains(decoded.errors[0].what, "tls.certificates[1].certfil"));
  REQUIRE(decoded.dynamic.tls.certificates.size() == 2);
  CHECK(decoded.dynamic.tls.certificates[1].cert_file == "d");
  CHECK(decoded.dynamic.tls.certificates[1].source.line == 5);
}

TEST_CASE("an option written twice in different case is an error") {
  CHECK(bad("http: {routers: {r: {rule: a, Rule: b}}}").code == code::kDuplicate);
}

TEST_CASE("the root of a dynamic file must be a map, and an empty file is an empty configuration") {
  Report report;
  CHECK_FALSE(decode_dynamic(*parse_yaml("[a]", "x", report), report));
  CHECK(report.size() == 1);
  CHECK(good("") == Dynamic{});
  CHECK(good("{}") == Dynamic{});
  CHECK(good("http: {routers: {}}") == Dynamic{});
  CHECK(good("http:\n") == Dynamic{});
}

TEST_CASE("an option that is not served yet is kept, with one warning however often it is used") {
  const Decoded decoded = decode(
      "http: {routers: {a: {observability: {metrics: true}}, b: {observability: {tracing: false}}, c: {observability: "
      "{accessLogs: true}}}}");
  CHECK(decoded.errors.empty());
  CHECK(decoded.dynamic.http.routers.at("b").observability);
  REQUIRE(decoded.warnings.size() == 1);
  CHECK(decoded.warnings[0].code == code::kNotServed);
  CHECK(contains(decoded.warnings[0].what, "2 more times"));
}

TEST_CASE("a deprecated option works and names its replacement") {
  const Decoded decoded = decode("http: {routers: {a: {ruleSyntax: v2}}}");
  CHECK(decoded.dynamic.http.routers.at("a").rule_syntax == "v2");
  REQUIRE(decoded.warnings.size() == 1);
  CHECK(decoded.warnings[0].code == code::kDeprecated);
}

TEST_CASE("plugins keep their free form") {
  const Dynamic dynamic = good("http: {middlewares: {m: {plugin: {geo: {allow: [CH, DE], deep: {x: 1}}}}}}");
  const Node& geo = dynamic.http.middlewares.at("m").plugin.at("geo");
  CHECK(geo.find("allow")->children().size() == 2);
  CHECK(geo.find("deep")->find("x")->text() == "1");
}

TEST_CASE("10,000 mistakes are 10,000 problems and nothing worse") {
  std::string yaml = "http:\n  routers:\n";
  for (int i = 0; i < 10'000; ++i) yaml += "    r" + std::to_string(i) + ": {priority: x}\n";
  const Decoded decoded = decode(yaml);
  CHECK(decoded.errors.size() == 10'000);
  CHECK(decoded.dynamic.http.routers.empty());
}
