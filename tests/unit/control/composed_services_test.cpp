// Services of services, middlewares around them, and what is wrong with either.
#include "building.h"

using namespace sluice;
using namespace sluice::control;

namespace {

struct Fixture : Building {
  Fixture() : Building{{"web", ":80"}} {}

  Build build(const std::string& services, const std::string& more = "") {
    return Building::build(
        {fragment("file", "http:\n  routers:\n    app: {rule: \"Host(`app.test`)\", service: app}\n" + more +
                              "  services:\n    a: {loadBalancer: {servers: [{url: \"http://10.0.0.1\"}]}}\n"
                              "    b: {loadBalancer: {servers: [{url: \"http://10.0.0.2\"}]}}\n" +
                              services)});
  }
};

const std::string kMirroring = "    app: {mirroring: {service: a, mirrors: [{name: b, percent: 10}]}}\n";

}  // namespace

TEST_CASE("mirroring and failover are built, and stay the same object while nothing changes") {
  Fixture fixture;
  for (const std::string& services :
       {kMirroring, std::string("    app: {failover: {service: a, fallback: b, errors: {status: [\"500-599\"]}}}\n")}) {
    Build first = fixture.build(services);
    CHECK(fixture.report.empty());
    CHECK(first.routers == 1);
    Build second = fixture.build(services + "    c: {loadBalancer: {servers: [{url: \"http://10.0.0.3\"}]}}\n");
    CHECK(first.snapshot->entry_points[0] == second.snapshot->entry_points[0]);
  }
}

TEST_CASE("a service with a child that does not exist cannot be used, whatever its type") {
  Fixture fixture;
  for (const char* services :
       {"    app: {mirroring: {service: nope}}\n", "    app: {mirroring: {service: a, mirrors: [{name: nope}]}}\n",
        "    app: {failover: {service: nope, fallback: b}}\n", "    app: {failover: {service: a, fallback: nope}}\n",
        "    app: {weighted: {services: [{name: a}, {name: nope}]}}\n"}) {
    CAPTURE(services);
    CHECK(fixture.build(services).routers == 0);
    CHECK(fixture.reports("service nope@file does not exist"));
  }
}

TEST_CASE("options of composed services that cannot be meant are refused") {
  Fixture fixture;
  for (const char* services : {"    app: {mirroring: {service: a, mirrors: [{name: b, percent: 101}]}}\n",
                               "    app: {mirroring: {service: a, mirrors: [{name: b, percent: -1}]}}\n",
                               "    app: {failover: {service: a, fallback: b, errors: {status: [\"6000\"]}}}\n",
                               "    app: {failover: {service: a, fallback: b}, mirroring: {service: a}}\n"}) {
    CAPTURE(services);
    CHECK(fixture.build(services).routers == 0);
    CHECK(fixture.reports("SLU-B006"));
  }
}

TEST_CASE("circles of any length and kind are reported, and take down only who is in them") {
  Fixture fixture;
  const std::string circle =
      "    one: {failover: {service: two, fallback: a, errors: {status: [\"500\"]}}}\n"
      "    two: {mirroring: {service: a, mirrors: [{name: three, percent: 1}]}}\n"
      "    three: {weighted: {services: [{name: a}, {name: one}]}}\n";
  Build build = fixture.build(kMirroring + circle);
  CHECK(build.routers == 1);
  CHECK(fixture.reports("SLU-B008"));
  CHECK(fixture.build(circle + "    app: {highestRandomWeight: {services: [{name: three}]}}\n").routers == 0);
}

TEST_CASE("depth has no bound") {
  Fixture fixture;
  std::string services = "    s0: {weighted: {services: [{name: a}]}}\n";
  for (int i = 1; i < 40; ++i) {
    services += "    s" + std::to_string(i) + ": {failover: {service: s" + std::to_string(i - 1) +
                ", fallback: b, errors: {status: [\"500\"]}}}\n";
  }
  CHECK(fixture.build(services + "    app: {mirroring: {service: s39}}\n").routers == 1);
  CHECK(fixture.report.empty());
}

TEST_CASE("a service is not served without one of its middlewares") {
  Fixture fixture;
  const std::string service = "    app: {loadBalancer: {servers: [{url: \"http://10.0.0.3\"}]}, middlewares: [m]}\n";
  CHECK(fixture.build(service).routers == 0);
  CHECK(fixture.reports("middleware m@file does not exist"));
  CHECK(fixture.build(service, "  middlewares: {m: {redirectScheme: {port: \"443\"}}}\n").routers == 0);
  CHECK(fixture.reports("it needs a scheme"));
  Build first = fixture.build(service, "  middlewares: {m: {redirectScheme: {scheme: https}}}\n");
  CHECK(first.routers == 1);
  Build same = fixture.build(service, "  middlewares: {m: {redirectScheme: {scheme: https}}}\n");
  CHECK(first.snapshot->entry_points[0] == same.snapshot->entry_points[0]);
  Build other = fixture.build(service, "  middlewares: {m: {redirectScheme: {scheme: http}}}\n");
  CHECK(first.snapshot->entry_points[0] != other.snapshot->entry_points[0]);
}

TEST_CASE("failover without a way to see a failure is warned of") {
  Fixture fixture;
  CHECK(fixture.build("    app: {failover: {service: a, fallback: b}}\n").routers == 1);
  CHECK(fixture.reports("nothing checks whether it is"));
}

TEST_CASE("the health of a server is found by its service and URL") {
  Fixture fixture;
  fixture.build("    app: {loadBalancer: {servers: [{url: \"http://10.0.0.3\"}], healthCheck: {path: /}}}\n");
  const ServiceBuilder& services = fixture.builder->services();
  REQUIRE(services.health_of("app@file", "http://10.0.0.3") != nullptr);
  CHECK(services.health_of("app@file", "http://10.0.0.3")->up(Time::now()));
  CHECK(services.health_of("a@file", "http://10.0.0.1") == nullptr);
  CHECK(services.health_of("nope@file", "http://10.0.0.1") == nullptr);
}
