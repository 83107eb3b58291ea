// Which router wins, what is said about the others, and what the index may not change.
#include <limits>

#include "ask.h"
#include "route/keys.h"
#include "route/pattern.h"
#include "route/regexp_text.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::route;

TEST_CASE("the longer rule wins, whatever is more specific") {
  Rules rules({"Host(`a.test`)", "Host(`a.test`) && PathPrefix(`/x`)",
               "Host(`a.test`) || Host(`b.test`) || Host(`c.test`) || Host(`d.test`)"});
  CHECK(rules.winner(Ask("/x").host("a.test")) == 2);
  CHECK(rules.winner(Ask("/").host("b.test")) == 2);
  CHECK(rules.winner(Ask("/").host("e.test")) == -1);
}

TEST_CASE("the length that counts is in bytes of the text as written") {
  Rules rules({"Path(`/x`) || Path(`/e`)", "Path(`/x`) || Path(`/\xc3\xa9`)"});
  CHECK(rules.winner(Ask("/x")) == 1);
  Rules spaced({"Path(`/x`)", " Path( `/x` ) "});
  CHECK(spaced.winner(Ask("/x")) == 1);
}

TEST_CASE("an explicit priority replaces the length, also a negative one") {
  Rules rules({"Host(`a.test`)", "Host(`a.test`) && PathPrefix(`/x`)"});
  rules[0].priority = 1000;
  CHECK(rules.winner(Ask("/x").host("a.test")) == 0);
  rules[0].priority = -1;
  CHECK(rules.winner(Ask("/x").host("a.test")) == 1);
  CHECK(rules.winner(Ask("/y").host("a.test")) == 0);
  rules[1].priority = -2;
  CHECK(rules.winner(Ask("/x").host("a.test")) == 0);
  rules[1].priority = std::numeric_limits<std::int64_t>::max();
  CHECK(rules.winner(Ask("/x").host("a.test")) == 1);
}

TEST_CASE("equal priorities go by provider, then by name") {
  Rules rules({"Host(`a.test`)", "Host(`a.test`)", "Path(`/xxxxx`)"});
  Ask ask("/xxxxx");
  ask.host("a.test");
  CHECK(rules.winner(ask) == 0);
  rules[0].router = "z@file";
  CHECK(rules.winner(ask) == 1);
  rules[0].provider_rank = 0;
  rules[1].provider_rank = rules[2].provider_rank = 1;
  CHECK(rules.winner(ask) == 0);
}

TEST_CASE("a rule that fails lets the next one by priority have the request") {
  Rules rules({"Host(`a.test`)", "Host(`a.test`) && Method(`POST`)", "Host(`*.test`) && Header(`X-A`, `1`)",
               "PathPrefix(`/`)"});
  CHECK(rules.winner(Ask("/").host("a.test").method("POST").field("X-A", "1")) == 2);
  CHECK(rules.winner(Ask("/").host("a.test").method("POST")) == 1);
  CHECK(rules.winner(Ask("/").host("a.test")) == 3);
  CHECK(rules.winner(Ask("/")) == 3);
}

TEST_CASE("an empty table takes nothing") {
  HttpTable table{std::span<const Route>()};
  CHECK_FALSE(table.match(Ask().host("a.test").request()));
  CHECK(table.explain(Ask().request()).empty());
  CHECK(table.nearest(Ask().host("a.test").request(), 3).empty());
}

TEST_CASE("a table may be moved, and outlives the rules it was made of") {
  std::optional<HttpTable> table;
  {
    Rules rules({"Host(`a.test`) && Header(`X-A`, `1`)"});
    HttpTable built = rules.table();
    table.emplace(std::move(built));
  }
  Ask ask;
  ask.host("a.test").field("X-A", "1");
  CHECK(table->match(ask.request()) == 0U);
  CHECK(table->explain(ask.request()).at(0).router == "r0@test");
}

TEST_CASE("explain lists every router in order with the first clause that failed") {
  Rules rules({"Host(`a.test`) && PathPrefix(`/x`)", "PathPrefix(`/`)", "Host(`b.test`) || Path(`/q`) && Method(`PUT`)",
               "!Host(`a.test`) && PathPrefix(`/`) && PathPrefix(`/`)"});
  Ask ask("/q");
  ask.host("a.test").method("GET");
  HttpTable table = rules.table();
  std::vector<Verdict> verdicts = table.explain(ask.request());
  REQUIRE(verdicts.size() == 4);
  CHECK(verdicts[0].router == "r3@test");
  CHECK(verdicts[0].failed == "!Host(`a.test`)");
  CHECK(verdicts[0].offset == 1);
  CHECK(verdicts[0].priority == 53);
  CHECK(verdicts[1].router == "r2@test");
  CHECK(verdicts[1].failed == "Method(`PUT`)");  // of the alternative that came furthest
  CHECK(verdicts[1].offset == 32);
  CHECK(verdicts[2].router == "r0@test");
  CHECK(verdicts[2].failed == "PathPrefix(`/x`)");
  CHECK_FALSE(verdicts[2].matched);
  CHECK(verdicts[3].router == "r1@test");
  CHECK(verdicts[3].matched);
  CHECK(verdicts[3].failed.empty());
  CHECK(verdicts[3].rule == "PathPrefix(`/`)");
}

TEST_CASE("nearest names the routers of the host first, the likest path first") {
  Rules rules({"Host(`a.test`) && PathPrefix(`/shop/cart`)", "Host(`a.test`) && PathPrefix(`/blog`)",
               "Host(`b.test`) && PathPrefix(`/shop`)"});
  HttpTable table = rules.table();
  std::vector<Near> near = table.nearest(Ask("/shop/card").host("a.test").request(), 2);
  REQUIRE(near.size() == 2);
  CHECK(near[0].router == "r0@test");
  CHECK(near[0].same_host);
  CHECK(near[1].router == "r1@test");
  CHECK(table.nearest(Ask("/blog2").host("a.test").request(), 1).at(0).router == "r1@test");
}

TEST_CASE("nearest finds the host that was meant") {
  std::vector<std::string> texts;
  for (int i = 0; i < 2000; ++i) texts.push_back("Host(`shop" + std::to_string(i) + ".example.com`)");
  texts.push_back("Host(`whoami.example.org`)");
  texts.push_back("Host(`*.wild.test`)");
  Rules rules(texts);
  HttpTable table = rules.table();
  auto nearest = [&](std::string_view host) {
    std::vector<Near> near = table.nearest(Ask().host(host).request(), 1);
    return near.empty() ? std::string("none") : std::string(near[0].router);
  };
  CHECK(nearest("whoam.example.org") == "r2000@test");
  CHECK(nearest("whoami.exampel.org") == "r2000@test");
  CHECK(nearest("hwoami.example.org") == "r2000@test");
  CHECK(nearest("shop17.example.con") == "r17@test");
  CHECK(nearest("entirely-other.invalid") == "none");
  CHECK_FALSE(table.nearest(Ask().host("whoam.example.org").request(), 1).at(0).same_host);
  CHECK(table.nearest(Ask().request(), 3).empty());
}

TEST_CASE("a rule that says nothing beyond its keys is not run") {
  auto decided = [](std::string_view text) { return keys_of(must_parse(text)).decide; };
  CHECK(decided("Host(`a`)"));
  CHECK(decided("Host(`*.a`) && (PathPrefix(`/x`) || Path(`/y`))"));
  CHECK(decided("Host(`a`) || Path(`/x`)"));
  CHECK_FALSE(decided("!Host(`a`)"));
  CHECK_FALSE(decided("Host(`a`) && Method(`GET`)"));
  CHECK_FALSE(decided("Host(`a`) || HostRegexp(`^b$`)"));
}

TEST_CASE("a rule is filed where its clauses meet") {
  auto keys = [](std::string_view text) {
    std::string out;
    for (const Key& key : keys_of(must_parse(text)).keys) {
      using Kind = HostPattern::Kind;
      out += key.host.kind == Kind::any        ? "any"
             : key.host.kind == Kind::wildcard ? "*." + key.host.name
                                               : key.host.name;
      out += " " + key.path.text + (key.path.exact ? "!" : "*") + "; ";
    }
    return out;
  };
  CHECK(keys("Host(`a`) && Path(`/x`)") == "a /x!; ");
  CHECK(keys("(Host(`a`) || Host(`b`)) && (Path(`/x`) || PathPrefix(`/y`))") == "a /x!; a /y*; b /x!; b /y*; ");
  CHECK(keys("Host(`a`) && Host(`b`)").empty());
  CHECK(keys("Host(`a.b`) && Host(`*.b`)") == "a.b *; ");
  CHECK(keys("Host(`*.a`) && Host(`*.b`)").empty());
  CHECK(keys("!Host(`a`) && Path(`/x`)") == "any /x!; ");
  CHECK(keys("Host(`a`) || Path(`/x`)") == "any /x!; a *; ");
  CHECK(keys("Host(`a`) || Method(`GET`)") == "any *; ");
  CHECK(keys("PathPrefix(`/a`) && PathPrefix(`/ab`)") == "any /ab*; ");
  CHECK(keys("PathPrefix(`/a`) && Path(`/b`)").empty());
  CHECK(keys("PathPrefix(`/a`) && Path(`/a`)") == "any /a!; ");
  CHECK(keys("PathRegexp(`^/api/v[0-9]+`)") == "any /api/v*; ");
  CHECK(keys("PathRegexp(`^/api$`) && HostRegexp(`^a\\.b$`)") == "a.b /api!; ");
  CHECK(keys("PathRegexp(`^/a|b`)") == "any *; ");
}

TEST_CASE("a rule of very many keys is filed coarsely and still decided exactly") {
  std::string hosts = "Host(`h0.test`)", paths = "Path(`/p0`)";
  for (int i = 1; i < 200; ++i) {
    hosts += " || Host(`h" + std::to_string(i) + ".test`)";
    paths += " || Path(`/p" + std::to_string(i) + "`)";
  }
  Rules rules({"(" + hosts + ") && (" + paths + ")", "(" + paths + ") && (" + hosts + ") && Method(`PUT`)"});
  CHECK(rules.winner(Ask("/p199").host("h150.test")) == 0);
  CHECK(rules.winner(Ask("/p199").host("h150.test").method("PUT")) == 1);
  CHECK(rules.winner(Ask("/p200").host("h150.test")) == -1);
  CHECK(rules.winner(Ask("/p199").host("h200.test")) == -1);
}

TEST_CASE("more nested prefixes than lists fit are still decided exactly") {
  std::vector<std::string> texts;
  std::string path = "/";
  for (int i = 0; i < 200; ++i, path += "a") texts.push_back("PathPrefix(`" + path + "`)");
  Rules rules(texts);
  CHECK(rules.winner(Ask(path)) == 199);
  CHECK(rules.winner(Ask("/aaaa")) == 4);
  CHECK(rules.winner(Ask("/b")) == 0);
}

TEST_CASE("an expression that only spells out a text becomes a comparison") {
  struct Case {
    const char* regexp;
    const char* text;
    bool regexp_needed, matches;
  };
  for (const Case& c : {
           Case{"^/api$", "/api", false, true},
           Case{"^/api$", "/apix", false, false},
           Case{"^/api", "/apix", false, true},
           Case{"^/api", "x/api", false, false},
           Case{"\\.png$", "/a.png", false, true},
           Case{"\\.png$", "/a.pngx", false, false},
           Case{"admin", "/x/admin/", false, true},
           Case{"^/api/.*", "/api/", false, true},
           Case{"^/api.*$", "/api/\n", true, false},
           Case{"^/apis?", "/api", true, true},
           Case{"^/a{2}", "/aa", true, true},
           Case{"^/a|b$", "/xb", true, true},
           Case{"", "", false, true},
           Case{"^$", "x", false, false},
           Case{"(?i)^/api$", "/API", true, true},
           Case{"^/\xc3\xa9?$", "/", true, true},
           Case{"^\\Qa.b\\E$", "a.b", true, true},
           Case{"^a\\z", "a", true, true},
       }) {
    INFO(c.regexp << " on " << c.text);
    std::string error;
    std::shared_ptr<const Pattern> pattern = Pattern::compile(c.regexp, error);
    REQUIRE(pattern);
    CHECK(pattern->uses_regexp() == c.regexp_needed);
    CHECK(pattern->matches(c.text) == c.matches);
  }
}

TEST_CASE("the beginning that an expression requires is never too long") {
  auto required = [](std::string_view regexp) {
    std::string error;
    std::shared_ptr<const Pattern> pattern = Pattern::compile(regexp, error);
    REQUIRE(pattern);
    return std::string(pattern->prefix());
  };
  CHECK(required("^/api/v[0-9]") == "/api/v");
  CHECK(required("^/apis?/") == "/api");
  CHECK(required("^/api*") == "/ap");
  CHECK(required("^/ap+i") == "/a");
  CHECK(required("^/a\\.b(c|d)") == "/a.b");
  CHECK(required("^/a(b)|c") == "");
  CHECK(required("^/a[|]b|c[)]").empty());
  CHECK(required("^/a[]|]b") == "/a");
  CHECK(required("^/\xc3\xa9*x") == "/");
  CHECK(required("/api").empty());
  CHECK(required("(?i)^/api").empty());
}
