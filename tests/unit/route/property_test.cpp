// match is scan: random tables against random requests, from a small vocabulary so that much of it meets.
#include <algorithm>
#include <random>

#include "ask.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::route;

namespace {

class Chance {
 public:
  explicit Chance(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return engine_() % bound; }  // the same on every platform
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

 private:
  std::mt19937 engine_;
};

const std::vector<std::string> kHosts = {"a.test",     "b.test",    "www.a.test", "x.a.test",
                                         "x.y.a.test", "a.example", "test"};
const std::vector<std::string> kHostRules = {"a.test", "B.test", "www.a.test.", "*.a.test",
                                             "*.test", "*",      "x.y.a.test",  "*.y.a.test"};
const std::vector<std::string> kHostRegexps = {"^a\\.test$",       "\\.test$", "^[a-z]\\.", "a",
                                               "^www\\.a\\.test$", ".*",       "^x"};
const std::vector<std::string> kPaths = {"/",  "/a",   "/a/",   "/a/b",   "/ab",   "/a/b/c",
                                         "/b", "/b/1", "/b/12", "/c%2Fd", "/a%20b"};
const std::vector<std::string> kPathRules = {"/",  "/a",   "/a/",    "/a/b", "/ab",
                                             "/b", "/b/1", "/c%2Fd", "/a b", "/a/b/c/d"};
const std::vector<std::string> kPathRegexps = {"^/a",    "^/a/?$",   "^/b/[0-9]+$", "/b",   "c$",
                                               "^/a/b$", "^/(a|b)/", "^/a|^/b",     "^/ab*"};
const std::vector<std::string> kQueries = {"", "?q=1", "?q", "?q=2&q=1", "?p=1&q=%31", "?q=1;", "?q=a+b"};
const std::vector<std::string> kClients = {"10.0.0.1", "10.9.9.9", "192.0.2.1", "::1", "2001:db8::1"};

std::string quote(const std::string& text) { return "`" + text + "`"; }

std::string random_clause(Chance& chance) {
  switch (chance.below(12)) {
    case 0:
    case 1:
    case 2: return "Host(" + quote(chance.pick(kHostRules)) + ")";
    case 3: return "HostRegexp(" + quote(chance.pick(kHostRegexps)) + ")";
    case 4: return "Path(" + quote(chance.pick(kPathRules)) + ")";
    case 5:
    case 6: return "PathPrefix(" + quote(chance.pick(kPathRules)) + ")";
    case 7: return "PathRegexp(" + quote(chance.pick(kPathRegexps)) + ")";
    case 8: return "Method(" + quote(chance.pick({"GET", "POST"})) + ")";
    case 9: return "Header(`X-A`, " + quote(chance.pick({"1", "2"})) + ")";
    case 10: return chance.one_in(2) ? "Query(`q`, `1`)" : "QueryRegexp(`q`, `^[0-9]$`)";
    default: return "ClientIP(" + quote(chance.pick({"10.0.0.0/8", "192.0.2.1", "::/0"})) + ")";
  }
}

std::string random_rule(Chance& chance, std::size_t depth) {
  std::string rule = chance.one_in(6) ? "!" : "";
  if (depth == 0 || chance.one_in(3)) return rule + random_clause(chance);
  rule += "(" + random_rule(chance, depth - 1);
  for (std::size_t more = 1 + chance.below(2); more > 0; --more) {
    rule += (chance.one_in(3) ? " || " : " && ") + random_rule(chance, depth - 1);
  }
  return rule + ")";
}

std::string random_v2_rule(Chance& chance) {
  std::string host = chance.one_in(2) ? "Host(`a.test`, `b.test`)" : "HostRegexp(`{s:[A-Z]+}.a.test`, `a.test`)";
  std::string path = chance.one_in(2) ? "Path(`/b/{n:[0-9]+}`, `/a`)" : "PathPrefix(`/a/{x}`, `/ab`)";
  std::string rest = chance.one_in(2) ? "Query(`q={v:[0-9]}`)" : "Method(`GET`, `PUT`)";
  return (chance.one_in(4) ? "!" : "") + host + (chance.one_in(3) ? " || " : " && ") + path +
         (chance.one_in(3) ? " || " : " && ") + rest;
}

struct RandomRouters {
  std::vector<Rule> rules;
  std::vector<std::string> names;
  std::vector<Route> routes;

  explicit RandomRouters(Chance& chance) {
    std::size_t count = 1 + chance.below(40);
    for (std::size_t i = 0; i < count; ++i) {
      bool v2 = chance.one_in(8);
      rules.push_back(
          must_parse(v2 ? random_v2_rule(chance) : random_rule(chance, 2), Family::http, v2 ? Syntax::v2 : Syntax::v3));
      names.push_back(chance.pick({"web", "api", "blog"}) + std::to_string(i % 5) + "@test");
    }
    for (std::size_t i = 0; i < count; ++i) {
      std::int64_t priority = chance.one_in(2) ? static_cast<std::int64_t>(chance.below(6)) - 2 : 0;
      auto rank = static_cast<std::uint32_t>(chance.below(2));
      routes.push_back(Route{&rules[i], priority, names[i], rank, static_cast<std::uint32_t>(i)});
    }
  }
};

void randomize(Ask& ask, Chance& chance) {
  if (!chance.one_in(10)) ask.host(chance.pick(kHosts) + chance.pick({"", "", ":8080", "."}));
  ask.method(chance.pick({"GET", "POST", "PUT"})).from(chance.pick(kClients));
  for (std::size_t i = chance.below(3); i > 0; --i)
    ask.field(chance.pick({"X-A", "x-a", "X-B"}), chance.pick({"1", "2"}));
}

}  // namespace

TEST_CASE("on random tables the lookup answers what a scan in order of priority answers") {
  Chance chance(20240607);
  std::size_t pairs = 0, found = 0, differing = 0;
  for (int round = 0; round < 600; ++round) {
    RandomRouters random(chance);
    HttpTable table(random.routes);
    for (int i = 0; i < 60; ++i) {
      Ask ask(chance.pick(kPaths) + chance.pick(kQueries));
      randomize(ask, chance);
      std::optional<std::uint32_t> expected = table.scan(ask.request());
      ++pairs;
      found += expected.has_value() ? 1 : 0;
      if (table.match(ask.request()) == expected) continue;
      ++differing;
      CAPTURE(round, ask.request().host, ask.request().target.match_path);
      CHECK(table.match(ask.request()) == expected);
    }
  }
  CHECK(pairs == 36000);
  CHECK(found > pairs / 4);  // neither everything nor nothing matches
  CHECK(found < pairs);
  CHECK(differing == 0);
}

TEST_CASE("explain, scan and the printed rule agree with each other") {
  Chance chance(4711);
  for (int round = 0; round < 150; ++round) {
    RandomRouters random(chance);
    HttpTable table(random.routes);
    std::vector<Rule> printed;
    for (const Rule& rule : random.rules) {
      printed.push_back(must_parse(print(rule), rule.family, rule.syntax));
      REQUIRE(printed.back() == rule);
    }
    for (std::size_t i = 0; i < printed.size(); ++i) {
      if (random.routes[i].priority == 0) random.routes[i].priority = automatic_priority(random.rules[i]);
      random.routes[i].rule = &printed[i];
    }
    HttpTable again(random.routes);
    for (int i = 0; i < 20; ++i) {
      Ask ask(chance.pick(kPaths) + chance.pick(kQueries));
      randomize(ask, chance);
      std::optional<std::uint32_t> expected = table.scan(ask.request());
      REQUIRE(again.match(ask.request()) == expected);
      std::vector<Verdict> verdicts = table.explain(ask.request());
      auto winner = std::find_if(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return v.matched; });
      REQUIRE((winner != verdicts.end()) == expected.has_value());
      if (expected) REQUIRE(winner->router == random.names[*expected]);
      for (const Verdict& verdict : verdicts) REQUIRE(verdict.matched == verdict.failed.empty());
    }
  }
}

TEST_CASE("on random TCP tables the lookup answers what a scan answers") {
  Chance chance(99);
  const std::vector<std::string> clauses = {"HostSNI(`*`)",           "HostSNI(`a.test`)",
                                            "HostSNI(`*.a.test`)",    "HostSNI(`*.test`)",
                                            "HostSNIRegexp(`^a\\.`)", "HostSNIRegexp(`^b\\.test$`)",
                                            "ClientIP(`10.0.0.0/8`)", "ALPN(`h2`)",
                                            "!HostSNI(`b.test`)",     "!ALPN(`h2`)"};
  for (int round = 0; round < 400; ++round) {
    std::vector<Rule> rules;
    for (std::size_t i = 0; i < 1 + chance.below(12); ++i) {
      std::string text = chance.pick(clauses);
      if (chance.one_in(2)) text += chance.pick({" && ", " || "}) + chance.pick(clauses);
      rules.push_back(must_parse(text, Family::tcp));
    }
    std::vector<Route> routes;
    for (const Rule& rule : rules) {
      std::int64_t priority = chance.one_in(3) ? static_cast<std::int64_t>(chance.below(20)) : 0;
      routes.push_back(Route{&rule, priority, "r@test", 0, static_cast<std::uint32_t>(routes.size())});
    }
    SniTable table(routes);
    for (int i = 0; i < 30; ++i) {
      std::string name = chance.pick({"", "a.test", "b.test", "x.a.test", "x.y.a.test", "a.b"});
      IpAddress client = *IpAddress::parse(chance.pick(kClients));
      std::vector<std::string_view> alpn = {"http/1.1"};
      if (chance.one_in(2)) alpn.push_back("h2");
      Hello hello{name, client, alpn};
      std::optional<SniTable::Match> fast = table.match(hello);
      std::optional<SniTable::Match> slow = table.scan(hello);
      REQUIRE(fast.has_value() == slow.has_value());
      if (!fast) continue;
      REQUIRE(fast->payload == slow->payload);
      REQUIRE(fast->catch_all == slow->catch_all);
    }
  }
}
