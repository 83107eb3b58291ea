#include "control/demand_rules.h"

#include "support/catch.h"

using namespace sluice;
using namespace sluice::control;

TEST_CASE("without onDemand there are no rules, and a service that is asked may take any name") {
  config::Static settings;
  settings.certificates_resolvers["le"].acme.emplace();
  CHECK_FALSE(demand_rules(settings));
  settings.certificates_resolvers["le"].acme->on_demand = config::OnDemand{{"*.Shops.x", "one.y.", "no name"}, ""};
  std::optional<server::DemandRules> rules = demand_rules(settings);
  REQUIRE(rules);
  CHECK(rules->allow("a.shops.x"));
  CHECK(rules->allow("one.y"));
  CHECK_FALSE(rules->allow("two.y"));
  CHECK_FALSE(rules->allow("no name"));
  settings.certificates_resolvers["more"].acme.emplace().on_demand = config::OnDemand{{}, "http://127.0.0.1/ask"};
  CHECK(demand_rules(settings)->allow("two.y"));
}

TEST_CASE("neither rule nor service allows nothing") {
  config::Static settings;
  settings.certificates_resolvers["le"].acme.emplace().on_demand.emplace();
  CHECK_FALSE(demand_rules(settings)->allow("a.x"));
}
