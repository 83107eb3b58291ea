#include "control/snapshot_builder.h"

#include <fmt/format.h>

#include <random>

#include "building.h"

using namespace sluice;
using namespace sluice::control;

namespace {

struct Fixture : Building {
  Fixture() : Building{{"other", ":81"}, {"web", ":80"}} {}

  static std::string taker(const Build& build, std::size_t entry_point, std::string_view host,
                           std::string_view path = "/") {
    return control::taker(*build.snapshot->entry_points[entry_point], host, path);
  }
};

constexpr std::size_t kOther = 0;
constexpr std::size_t kWeb = 1;

const std::string kApp = R"yaml(
http:
  routers:
    app: {rule: "Host(`app.test`)",
                  service : app, entryPoints : [web]
}
  services:
    app: {loadBalancer: {servers: [{url: "http://10.0.0.1:80"}]}}
)yaml";

}  // namespace

TEST_CASE("a router is found on its entry points and its name is qualified") {
  Fixture fixture;
  Build build = fixture.build({fragment("file", kApp)});
  CHECK(build.report.empty());
  CHECK(build.routers == 1);
  CHECK(fixture.taker(build, kWeb, "app.test") == "app@file");
  CHECK(fixture.taker(build, kOther, "app.test").empty());
  CHECK(build.snapshot->endpoints.size() == 1);
}

TEST_CASE("a router without entry points is on the default ones") {
  Fixture fixture;
  fixture.configuration.entry_points["web"].as_default = true;
  Build build = fixture.build({fragment("file", R"yaml(
http:
  routers: {app: {rule: "Host(`app.test`)", service: noop@internal}}
)yaml")});
  CHECK(fixture.taker(build, kWeb, "app.test") == "app@file");
  CHECK(fixture.taker(build, kOther, "app.test").empty());
}

TEST_CASE("a broken object is left out alone, with its reason and the nearest name") {
  Fixture fixture;
  Build build = fixture.build({fragment("file", R"yaml(
http:
  routers:
    good: {rule: "Host(`good.test`)", service: app}
    rule: {rule: "Host('bad.test')", service: app}
    none: {service: app}
    where: {rule: "Host(`where.test`)", service: app, entryPoints: [wbe]}
    who: {rule: "Host(`who.test`)", service: apps}
    how: {rule: "Host(`how.test`)", service: app, middlewares: [missing]}
  services:
    app: {loadBalancer: {servers: [{url: "http://10.0.0.1:80"}, {url: "ftp://10.0.0.2"}]}}
    loop: {weighted: {services: [{name: loop}]}}
)yaml")});
  CHECK(fixture.taker(build, kWeb, "good.test") == "good@file");
  CHECK(build.routers == 2);  // good, on both entry points
  std::string whats = fixture.report;
  for (const char* part :
       {"router rule@file", "router none@file has no rule", "wbe", "service apps@file does not exist",
        "did you mean app@file?", "middleware missing@file does not exist", "ftp://10.0.0.2",
        "service loop@file refers to itself"}) {
    INFO(whats);
    CHECK(whats.find(part) != std::string::npos);
  }
}

TEST_CASE("a router whose middleware cannot be built is not served without it") {
  Fixture fixture;
  Build build = fixture.build({fragment("file", R"yaml(
http:
  routers:
    app: {rule: "Host(`app.test`)", service: noop@internal, middlewares: [secure]}
  middlewares:
    secure: {redirectScheme: {port: "443"}}
)yaml")});
  CHECK(build.routers == 0);
  CHECK(fixture.report.find("it needs a scheme") != std::string::npos);
}

TEST_CASE("a router with parentRefs is not served without its parents") {
  Fixture fixture;
  Build build = fixture.build({fragment("file", R"yaml(
http:
  routers:
    parent: {rule: "Host(`app.test`)", middlewares: [auth]}
    child: {rule: "PathPrefix(`/`)", service: noop@internal, parentRefs: [parent]}
)yaml")});
  CHECK(build.routers == 0);
  CHECK(fixture.taker(build, kWeb, "app.test").empty());
  INFO(fixture.report);
  CHECK(fixture.report.find("router child@file has parentRefs") != std::string::npos);
}

TEST_CASE("names refer to their own provider unless they say another") {
  Fixture fixture;
  Build build = fixture.build({fragment("file", kApp), fragment("docker", R"yaml(
http:
  routers:
    own: {rule: "Host(`own.test`)", service: app}
    theirs: {rule: "Host(`theirs.test`)", service: app@file}
)yaml")});
  INFO(fixture.report);
  CHECK(fixture.taker(build, kWeb, "own.test").empty());
  CHECK(fixture.taker(build, kWeb, "theirs.test") == "theirs@docker");
  CHECK(fixture.report.find("did you mean app@file?") != std::string::npos);
}

TEST_CASE("what did not change is the same object in the next snapshot") {
  Fixture fixture;
  Build first = fixture.build({fragment("file", kApp)});
  Build same = fixture.build({fragment("file", kApp)});
  CHECK(same.snapshot->number == first.snapshot->number + 1);
  CHECK(same.snapshot->entry_points == first.snapshot->entry_points);
  Build more = fixture.build({fragment("file", kApp + R"yaml(
    new: {loadBalancer: {servers: [{url: "http://10.0.0.1:80"}]}}
)yaml")});
  CHECK(more.snapshot->entry_points == first.snapshot->entry_points);
  CHECK(more.snapshot->endpoints[0] == first.snapshot->endpoints[0]);
  // Two services with one server share it, and with it the pooled connections.
  CHECK(more.snapshot->endpoints[1] == first.snapshot->endpoints[0]);
}

TEST_CASE("an entry point that redirects takes every host, and only a higher priority wins") {
  Fixture fixture;
  fixture.configuration.entry_points["web"].http.redirections.entry_point =
      config::EntryPointRedirection{"other", "https", true, 100};
  auto internal = std::make_shared<Fragment>(internal_fragment(fixture.configuration));
  Build build = fixture.build({internal, fragment("file", R"yaml(
http:
  routers:
    low: {rule: "Host(`low.test`)", service: noop@internal}
    high: {rule: "Host(`high.test`)", service: noop@internal, priority: 101}
)yaml")});
  CHECK(fixture.taker(build, kWeb, "low.test") == "web-to-other@internal");
  CHECK(fixture.taker(build, kWeb, "high.test") == "high@file");
  CHECK(fixture.taker(build, kOther, "low.test") == "low@file");
}

TEST_CASE("a middleware that names a service is handed it, and is not made without it") {
  static std::shared_ptr<const proxy::Handler> handed;
  static std::shared_ptr<const proxy::Endpoint> asked;
  asked = std::make_shared<const proxy::Endpoint>(*proxy::ServerUrl::parse("http://10.0.0.9"),
                                                  proxy::TransportSettings(), "http://10.0.0.9");
  Fixture fixture;
  fixture.kind.service = [](const config::Middleware& settings) {
    return std::string_view(settings.redirect_scheme->scheme);
  };
  fixture.kind.make = [](const MiddlewareParts& parts) {
    handed = parts.service;
    MadeMiddleware made = MadeMiddleware::of(std::make_shared<Passes>());
    made.endpoints.push_back(asked);
    return made;
  };
  auto with_service = [](const std::string& name) {
    return fragment("file", R"yaml(
http:
  routers:
    app: {rule: "Host(`app.test`)", service: noop@internal, middlewares: [pages]}
  middlewares:
    pages: {redirectScheme: {scheme: )yaml" +
                                name + R"yaml(}}
  services:
    errors: {loadBalancer: {servers: [{url: "http://10.0.0.1:80"}]}}
)yaml");
  };
  Build build = fixture.build({with_service("errors")});
  CHECK(build.report.empty());
  CHECK(handed != nullptr);
  CHECK(fixture.taker(build, kWeb, "app.test") == "app@file");
  // The server of the service, and the one that the middleware asks itself.
  CHECK(build.snapshot->endpoints.size() == 2);
  CHECK(build.snapshot->endpoints.back() == asked);
  build = fixture.build({with_service("missing")});
  CHECK(fixture.taker(build, kWeb, "app.test").empty());
  CHECK(fixture.report.find("missing@file") != std::string::npos);
  handed.reset();
  asked.reset();
}

TEST_CASE("an entry point's middlewares come first and rename routers on several entry points") {
  Fixture fixture;
  fixture.configuration.entry_points["web"].http.middlewares = {"secure@file"};
  Build build = fixture.build({fragment("file", kApp + R"yaml(
  middlewares:
    secure: {redirectScheme: {scheme: https}}
)yaml"),
                               fragment("docker", R"yaml(
http:
  routers: {both: {rule: "Host(`both.test`)", service: app@file}
}
)yaml")});
  CHECK(fixture.taker(build, kWeb, "app.test") == "app@file");
  CHECK(fixture.taker(build, kWeb, "both.test") == "web-both@docker");
  CHECK(fixture.taker(build, kOther, "both.test") == "both@docker");
}

TEST_CASE("of equal priorities the stronger provider wins, then the name") {
  Fixture fixture;
  auto rule = [](const std::string& name) {
    return "http:\n  routers: {" + name + ": {rule: \"Host(`a.test`)\", service: noop@internal}}\n";
  };
  Build build = fixture.build({fragment("file", rule("a")), fragment("docker", rule("b"))});
  CHECK(fixture.taker(build, kWeb, "a.test") == "b@docker");
  fixture.configuration.providers.precedence = {"file"};
  Build other = fixture.build({fragment("file", rule("c")), fragment("docker", rule("b"))});
  CHECK(fixture.taker(other, kWeb, "a.test") == "c@file");
}

TEST_CASE("ten thousand routers are all found") {
  Fixture fixture;
  auto made = std::make_shared<Fragment>();
  made->provider = "file";
  for (int i = 0; i < 10'000; ++i) {
    std::string name = "r" + std::to_string(i);
    config::HttpRouter router;
    router.rule = "Host(`h" + std::to_string(i) + ".test`)";
    router.service = name;
    made->configuration.http.routers[name] = router;
    config::HttpService service;
    service.load_balancer.emplace();
    service.load_balancer->servers.emplace_back();
    service.load_balancer->servers[0].url = "http://10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    made->configuration.http.services[name] = service;
  }
  Build build = fixture.build({made});
  CHECK(build.routers == 20'000);
  CHECK(fixture.taker(build, kWeb, "h9999.test") == "r9999@file");
}

TEST_CASE("after any change a builder says what a new one says of the same fragments") {
  std::mt19937 engine(20261121);
  auto below = [&](std::size_t bound) { return static_cast<std::size_t>(engine() % bound); };
  auto random = [&](const std::string& provider) {
    std::string routers;
    for (std::size_t i = 0; i < 12; ++i) {
      if (below(3) == 0) continue;
      // Some without a rule that can be read, some with a service or an entry point that is missing.
      std::string rule = below(12) == 0 ? "Hots(`a`)" : fmt::format("Host(`h{}.test`)", below(8));
      if (below(4) == 0) rule += fmt::format(" && PathPrefix(`/p{}`)", below(3));
      routers += fmt::format("    r{}: {{rule: \"{}\", service: s{}, priority: {}, entryPoints: [{}]}}\n", i, rule,
                             below(3), below(4) == 0 ? below(40) : 0, below(9) == 0 ? "none" : "web");
    }
    return fragment(provider, "http:\n  routers:\n" + (routers.empty() ? "    {}\n" : routers) +
                                  "  services:\n    s0: {loadBalancer: {servers: [{url: \"http://10.0.0.1\"}]}}\n" +
                                  (below(2) == 0 ? "    s1: {loadBalancer: {servers: []}}\n" : ""));
  };
  Fixture kept;
  Fragments fragments = {random("docker"), random("file"), random("http")};
  for (int round = 0; round < 100; ++round) {
    std::shared_ptr<const Fragment>& changed = fragments[below(3)];
    changed = random(changed->provider);
    kept.build(fragments);
    Fixture fresh;
    fresh.build(fragments);
    CAPTURE(round);
    REQUIRE(kept.report == fresh.report);
    REQUIRE(kept.built.routers == fresh.built.routers);
    for (int host = 0; host < 8; ++host) {
      for (const char* path : {"/", "/p0", "/p1/x", "/p2"}) {
        const std::string name = fmt::format("h{}.test", host);
        REQUIRE(kept.taker(kept.built, kWeb, name, path) == fresh.taker(fresh.built, kWeb, name, path));
      }
    }
  }
}
