#include "config/encode.h"

#include "config/decode.h"
#include "config/dynamic.h"
#include "config/static_config.h"
#include "config/yaml.h"
#include "support/catch.h"

using namespace sluice::config;
using namespace std::chrono_literals;

TEST_CASE("a router is encoded with Traefik's names, without what is empty") {
  HttpRouter router;
  router.rule = "Host(`a`)";
  router.service = "app";
  router.entry_points = {"web", "websecure"};
  router.tls.emplace();
  CHECK(to_json(encode(router)) ==
        R"json({"entryPoints":["web","websecure"],"service":"app","rule":"Host(`a`)","tls":{}})json");
}

TEST_CASE("defaults that say something are shown, and so is what differs from them") {
  HttpService service;
  service.load_balancer.emplace();
  service.load_balancer->servers.push_back({"http://10.0.0.1", std::nullopt, false});
  CHECK(to_json(encode(service)) ==
        R"({"loadBalancer":{"servers":[{"url":"http://10.0.0.1"}],"strategy":"wrr","passHostHeader":true,)"
        R"("responseForwarding":{"flushInterval":"100ms"}}})");
  service.load_balancer->pass_host_header = false;
  service.load_balancer->servers[0].weight = 0;
  const std::string json = to_json(encode(service));
  CHECK(json.find("\"passHostHeader\":false") != std::string::npos);
  CHECK(json.find("\"weight\":0") != std::string::npos);
}

TEST_CASE("secrets are masked unless asked for") {
  Middleware middleware;
  middleware.basic_auth.emplace();
  middleware.basic_auth->users = {"ann:$apr1$hash", "bob:$apr1$hash"};
  CHECK(to_json(encode(middleware)) == R"({"basicAuth":{"users":["xxxx","xxxx"],"realm":"traefik"}})");
  CHECK(to_json(encode(middleware, {false, false})).find("$apr1$hash") != std::string::npos);

  Static configuration;
  configuration.providers.docker.emplace();
  configuration.providers.docker->password = "hunter2";
  configuration.providers.http.emplace();
  configuration.providers.http->headers["Authorization"] = "Bearer hunter2";
  Acme& acme = configuration.certificates_resolvers["le"].acme.emplace();
  acme.hooks.emplace_back().exec = {"/bin/tell", "--token=hunter2"};
  acme.hooks.emplace_back().webhook = "https://ann:hunter2@ops.x";
  acme.on_demand.emplace().ask = "https://ann:hunter2@ops.x";
  const std::string json = to_json(encode(configuration));
  CHECK(json.find("hunter2") == std::string::npos);
  CHECK(json.find("\"Authorization\":\"xxxx\"") != std::string::npos);
  CHECK(json.find("\"username\"") == std::string::npos);
}

TEST_CASE("what is encoded with all defaults decodes to an equal configuration") {
  Report report;
  const std::optional<Node> root = parse_yaml(R"yaml(
http:
  routers: {web: {rule: "PathPrefix(`/\"x`)", service: a, priority: -5, tls: {domains: [{main: a, sans: [b, c]}]}}}
  services: {a: {loadBalancer: {servers: [{url: x, weight: 2}], sticky: {}, healthCheck: {path: /, interval: 1m5s}}}}
  middlewares:
    h: {headers: {customRequestHeaders: {X: "", "Y": "ü\n"}, stsSeconds: 5}}
    p: {plugin: {geo: {n: 0x10, f: 1.5, b: True, s: "1", l: [a]}}}
tls:
  options: {o: {minVersion: VersionTLS13}}
)yaml",
                                              "x", report);
  REQUIRE(root);
  const std::optional<Dynamic> dynamic = decode_dynamic(*root, report);
  REQUIRE_FALSE(has_errors(report));
  for (const bool defaults : {false, true}) {
    const std::string json = to_json(encode(*dynamic, {false, defaults}), 2);
    INFO(json);
    Report again;
    const std::optional<Node> tree = parse_yaml(json, "x.json", again);
    REQUIRE(tree);
    std::optional<Dynamic> decoded = decode_dynamic(*tree, again);
    REQUIRE_FALSE(has_errors(again));
    // A free form keeps its text as it is written, and JSON writes 16 for 0x10 and true for True.
    CHECK(decoded->http.middlewares.at("p").plugin.at("geo").find("n")->text() == "16");
    decoded->http.middlewares.at("p") = dynamic->http.middlewares.at("p");
    CHECK(*decoded == *dynamic);
  }
}

TEST_CASE("JSON text is escaped, and bytes that are not UTF-8 are replaced") {
  CHECK(json_string("a\"b\\c\n\t\r\x01\x7f") == R"("a\"b\\c\n\t\r\u0001\u007f")");
  CHECK(json_string("ü€𝄞") == "\"ü€𝄞\"");
  CHECK(json_string("\xc2\x85\xe2\x80\xa8\xef\xbb\xbf") == R"("\u0085\u2028\ufeff")");  // line ends of YAML
  CHECK(json_string("\xff") == "\"\xEF\xBF\xBD\"");
  CHECK(json_string("\xc0\xaf") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");          // overlong
  CHECK(json_string("\xed\xa0\x80").find("\xed") == std::string::npos);      // surrogate
  CHECK(json_string("\xe2\x82") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");          // cut short
  CHECK(json_string("\xf4\x90\x80\x80").find("\xf4") == std::string::npos);  // above U+10FFFF
  CHECK(json_string(std::string_view("\0", 1)) == "\"\\u0000\"");
}

TEST_CASE("JSON is written on one line or indented") {
  Node node = Node::map();
  node.add("a", Node::scalar("1", ScalarKind::integer));
  Node& list = node.add("b", Node::list());
  list.add(Node());
  list.add(Node::scalar("True", ScalarKind::boolean));
  list.add(Node::scalar("1e3", ScalarKind::real));
  list.add(Node::scalar(".inf", ScalarKind::real));
  node.add("c", Node::map());
  CHECK(to_json(node) == R"({"a":1,"b":[null,true,1000,".inf"],"c":{}})");
  CHECK(to_json(node, 2) ==
        "{\n  \"a\": 1,\n  \"b\": [\n    null,\n    true,\n    1000,\n    \".inf\"\n  ],\n  \"c\": {}\n}");
}
