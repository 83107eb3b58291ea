#include "acme/plan.h"

#include "acme/renewal.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::acme;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kDay = 24 * 3600;
using Names = std::vector<std::string>;

Leaf leaf(Names names, std::int64_t ends = kNow + 60 * kDay) {
  Leaf made;
  made.names = std::move(names);
  made.not_before = ends - 90 * kDay;
  made.not_after = ends;
  made.serial = "01";
  return made;
}

Plan plan(std::vector<Wish> wishes, std::vector<Leaf> stored = {}, Names provided = {}, PlanRules rules = {}) {
  return make_plan(wishes, stored, provided, rules, kNow);
}

}  // namespace

TEST_CASE("one certificate per router, names canonical and once each") {
  Plan made = plan({{{"A.Example.", "b.example", "a.example"}, "r1"}, {{"c.example"}, "r2"}});
  REQUIRE(made.planned.size() == 2);
  CHECK(made.planned[0].names == Names{"a.example", "b.example"});
  CHECK(made.planned[1].names == Names{"c.example"});
  CHECK_FALSE(made.planned[0].certificate);
}

TEST_CASE("equal and smaller wishes share a certificate") {
  Plan made = plan({{{"a.x"}, "r1"}, {{"b.x", "a.x"}, "r2"}, {{"a.x", "b.x"}, "r3"}});
  REQUIRE(made.planned.size() == 1);
  CHECK(made.planned[0].routers == Names{"r2", "r3", "r1"});
}

TEST_CASE("a wanted wildcard serves single names of one label, and not the name itself") {
  Plan made = plan({{{"a.x.test"}, "r1"}, {{"x.test", "*.x.test"}, "r2"}, {{"a.b.x.test"}, "r3"}});
  REQUIRE(made.planned.size() == 2);
  CHECK(made.planned[0].names == Names{"x.test", "*.x.test"});
  CHECK(made.planned[1].names == Names{"a.b.x.test"});
}

TEST_CASE("what other certificates serve is not obtained") {
  Plan made = plan({{{"a.x", "b.y"}, "r1"}}, {}, {"*.y", "c.x"});
  REQUIRE(made.planned.size() == 1);
  CHECK(made.planned[0].names == Names{"a.x"});
}

TEST_CASE("a stored certificate with all names serves, one without does not") {
  Plan made = plan({{{"a.x", "b.x"}, "r1"}, {{"c.x", "d.x"}, "r2"}}, {leaf({"a.x", "b.x", "z.x"}), leaf({"c.x"})});
  REQUIRE(made.planned.size() == 2);
  CHECK(made.planned[0].certificate == 0);
  CHECK(made.planned[0].complete);
  CHECK_FALSE(made.planned[1].complete);
  CHECK(made.unused.empty());
}

TEST_CASE("several stored certificates together may be enough") {
  Plan made = plan({{{"a.x", "b.x"}, "r1"}}, {leaf({"a.x"}), leaf({"b.x"}), leaf({"q.x"})});
  REQUIRE(made.planned.size() == 2);
  CHECK(made.planned[0].complete);
  CHECK(made.planned[1].complete);
  CHECK(made.unused == std::vector<std::size_t>{2});
}

TEST_CASE("of two certificates the one that lives longer serves") {
  Plan made = plan({{{"a.x"}, "r1"}}, {leaf({"a.x"}, kNow + kDay), leaf({"a.x"}, kNow + 2 * kDay)});
  CHECK(made.planned[0].certificate == 1);
  CHECK(made.unused == std::vector<std::size_t>{0});
}

TEST_CASE("names no CA would certify are refused with the reason") {
  PlanRules rules;
  rules.public_ca = true;
  rules.wildcards = false;
  Plan made = plan({{{"host", "a.local", "*.a.org", "10.0.0.1", "bad_name.org", "*", "a.org", "192.0.2.1"}, "r"}}, {},
                   {}, rules);
  REQUIRE(made.planned.size() == 1);
  CHECK(made.planned[0].names == Names{"a.org", "192.0.2.1"});
  CHECK(made.refused.size() == 6);
  std::string why;
  CHECK(canonical_name("::0:1", {}, why) == "::1");
  CHECK(canonical_name("*.*.x", {}, why).empty());
  CHECK(canonical_name("x.*.y", {}, why).empty());
}

TEST_CASE("the key of a certificate does not depend on the order of its names") {
  CHECK(key_of({"b", "a"}) == "a,b");
  CHECK(key_of({"a", "b"}) == "a,b");
}

TEST_CASE("a thousand certificates are planned at once") {
  std::vector<Wish> wishes;
  std::vector<Leaf> stored;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "host" + std::to_string(i) + ".example.org";
    wishes.push_back({{name}, "r"});
    stored.push_back(leaf({name}));
  }
  Plan made = make_plan(wishes, stored, {}, {}, kNow);
  REQUIRE(made.planned.size() == 1000);
  CHECK(made.planned[999].certificate == 999);
}

TEST_CASE("without a suggestion a third of the life is left, half of a short one") {
  const Leaf long_lived = leaf({"a"});
  const std::int64_t due = renewal_time(long_lived, nullptr);
  CHECK(due <= long_lived.not_after - 30 * kDay);
  CHECK(due > long_lived.not_after - 33 * kDay - 3600);
  CHECK(due == renewal_time(long_lived, nullptr));
  Leaf short_lived = leaf({"a"});
  short_lived.not_before = short_lived.not_after - 6 * kDay;
  CHECK(renewal_time(short_lived, nullptr) <= short_lived.not_after - 3 * kDay);
}

TEST_CASE("a moment inside the suggested window is picked once") {
  Suggestion suggestion;
  RenewalWindow window{kNow + 100, kNow + 200, ""};
  note_window(suggestion, window, 0.5);
  CHECK(suggestion.chosen == kNow + 150);
  note_window(suggestion, window, 0.9);
  CHECK(suggestion.chosen == kNow + 150);
  window.end = kNow + 300;
  note_window(suggestion, window, 0.5);
  CHECK(suggestion.chosen == kNow + 200);
  CHECK(renewal_time(leaf({"a"}), &suggestion) == kNow + 200);
  note_window(suggestion, {kNow + 1000 * kDay, kNow + 1001 * kDay, ""}, 0);
  CHECK(renewal_time(leaf({"a"}), &suggestion) < kNow + 60 * kDay);
}

TEST_CASE("the CA is asked for suggestions neither too often nor too seldom") {
  Suggestion suggestion;
  note_asked(suggestion, kNow, 1s);
  CHECK(suggestion.ask_next == kNow + 60);
  note_asked(suggestion, kNow, 1000h);
  CHECK(suggestion.ask_next == kNow + 12 * 3600);
  note_asked(suggestion, kNow, 0s);
  CHECK(suggestion.ask_next == kNow + 6 * 3600);
}

TEST_CASE("a pair is two certificates for all names, each of its own kind of key") {
  PlanRules rules;
  rules.pair = PlanRules::Pair::second_is_rsa;
  Leaf rsa = leaf({"a.x", "b.x"});
  rsa.rsa = true;
  Plan made = plan({{{"a.x", "b.x"}, "r1"}, {{"c.x"}, "r2"}}, {leaf({"z.x"}), rsa, leaf({"c.x"})}, {}, rules);
  REQUIRE(made.planned.size() == 4);
  std::vector<std::string> keys;
  for (const Planned& one : made.planned) keys.push_back(one.key());
  CHECK(keys == Names{"a.x,b.x", "c.x", "a.x,b.x (second key)", "c.x (second key)"});
  CHECK_FALSE(made.planned[0].certificate);
  CHECK(made.planned[1].certificate == 2);
  CHECK(made.planned[2].certificate == 1);
  CHECK(made.planned[2].complete);
  CHECK_FALSE(made.planned[3].certificate);
  CHECK(made.unused == std::vector<std::size_t>{0});

  rules.pair = PlanRules::Pair::first_is_rsa;
  made = plan({{{"a.x", "b.x"}, "r1"}}, {rsa}, {}, rules);
  REQUIRE(made.planned.size() == 2);
  CHECK(made.planned[0].certificate == 0);
  CHECK_FALSE(made.planned[0].second);
  CHECK_FALSE(made.planned[1].certificate);
}

TEST_CASE("what is refused is said once of a pair") {
  PlanRules rules{true, false, PlanRules::Pair::first_is_rsa};
  Plan made = plan({{{"host.local", "*.x.org", "ok.org"}, "r1"}}, {}, {}, rules);
  CHECK(made.refused.size() == 2);
  CHECK(made.planned.size() == 2);
}
