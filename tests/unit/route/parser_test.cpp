// What the parser accepts, what it refuses, and what it says then.
#include "route/parser.h"

#include "ask.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::route;

namespace {

// The error of a rule, which must have one.
RuleProblem error_of(std::string_view text, Family family = Family::http, Syntax syntax = Syntax::v3) {
  ParsedRule parsed = parse_rule(text, family, syntax);
  CHECK_FALSE(parsed.rule);
  return parsed.error ? *parsed.error : RuleProblem{"none", 0, "none"};
}

// The rule's error stands at `offset`, says `what` and advises `fix`.
void check_error(std::string_view text, std::size_t offset, const std::string& what, const std::string& fix,
                 Family family = Family::http, Syntax syntax = Syntax::v3) {
  INFO(text);
  RuleProblem error = error_of(text, family, syntax);
  CHECK(error.offset == offset);
  CHECK_THAT(error.what, Catch::Matchers::ContainsSubstring("error while parsing rule: "));
  CHECK_THAT(error.what, Catch::Matchers::ContainsSubstring(what));
  CHECK_THAT(error.fix, Catch::Matchers::ContainsSubstring(fix));
}

void check_warning(std::string_view text, const std::string& what, const std::string& fix, Syntax syntax = Syntax::v3) {
  INFO(text);
  ParsedRule parsed = parse_rule(text, Family::http, syntax);
  REQUIRE(parsed.rule);
  REQUIRE(parsed.warnings.size() == 1);
  CHECK_THAT(parsed.warnings[0].what, Catch::Matchers::ContainsSubstring(what));
  CHECK_THAT(parsed.warnings[0].fix, Catch::Matchers::ContainsSubstring(fix));
}

std::string canonical(std::string_view text, Family family = Family::http, Syntax syntax = Syntax::v3) {
  return print(must_parse(text, family, syntax));
}

}  // namespace

TEST_CASE("matcher names have four spellings") {
  for (const char* name : {"HostRegexp", "hostregexp", "HOSTREGEXP", "Hostregexp"}) {
    CHECK(canonical(std::string(name) + "(`a`)") == "HostRegexp(`a`)");
  }
  check_error("hostRegexp(`a`)", 0, "unsupported matcher hostRegexp", "write HostRegexp");
  CHECK(canonical("Hostsni(`a`)", Family::tcp) == "HostSNI(`a`)");
  CHECK(canonical("clientip(`::1`)", Family::tcp) == "ClientIP(`::1`)");
  check_error("ClientIp(`::1`)", 0, "unsupported matcher", "write ClientIP");
}

TEST_CASE("white space and line breaks are free, a comma may end a list") {
  CHECK(canonical("\n  Host ( `a` )\n\t&& Path(\r\n`/b`,\n) ") == "Host(`a`) && Path(`/b`)");
}

TEST_CASE("double quotes take escapes, back-ticks take everything else as it is") {
  CHECK(must_parse(R"(Path("/a\"b\\\t\x41\u00e9\U0001F600\101"))").root.clause.value ==
        "/a\"b\\\tA\xc3\xa9\xf0\x9f\x98\x80"
        "A");
  CHECK(must_parse("PathRegexp(`^/\\d\"'$`)").root.clause.value == "^/\\d\"'$");
  CHECK(must_parse("Path(`/a\r\nb`)").root.clause.value == "/a\nb");
  check_error(R"(PathRegexp("^/\d+"))", 14, "no such escape", "back-ticks");
  check_error(R"(Path("/\ud800"))", 7, "no such escape", "back-ticks");
  check_error(R"(Path("/\400"))", 7, "no such escape", "back-ticks");
  check_error("Path(\"/\\'\")", 7, "no such escape", "back-ticks");
  check_error("Path(\"/a\nb\")", 5, "no closing double quote", "double quote");
}

TEST_CASE("negated groups are rewritten so that only clauses are negated") {
  CHECK(canonical("!(Host(`a`) && Path(`/b`))") == "!Host(`a`) || !Path(`/b`)");
  CHECK(canonical("!(Host(`a`) || !Path(`/b`)) && Method(`GET`)") == "!Host(`a`) && Path(`/b`) && Method(`GET`)");
  CHECK(canonical("!!!Host(`a`)") == "!Host(`a`)");
  CHECK(canonical("((Host(`a`) || Host(`b`))) && (Path(`/a`))") == "(Host(`a`) || Host(`b`)) && Path(`/a`)");
  CHECK(canonical("Host(`a`, `b`) && Path(`/x`)", Family::http, Syntax::v2) ==
        "(Host(`a`) || Host(`b`)) && Path(`/x`)");
}

TEST_CASE("what is printed parses to an equal rule") {
  for (const char* text : {"Host(`a`) || (Path(`/b`) && !Method(`get`)) || !(Query(`a`) && QueryRegexp(`b`, `\\d`))",
                           "Header(`X-A`, \"back`tick\\\\\") && HeaderRegexp(\"X-B\", \"line\\nfeed\\r`\")",
                           "!(Host(`a`) && (Path(`/b`) || PathPrefix(`/c`) && PathRegexp(`d`)))"}) {
    Rule rule = must_parse(text);
    CHECK(must_parse(print(rule)) == rule);
  }
}

TEST_CASE("an empty rule or half a rule says what is missing") {
  check_error("", 0, "the rule is empty", "Host(`example.com`)");
  check_error(" \n ", 3, "the rule is empty", "Host(`example.com`)");
  check_error("Host(`a`) &&", 12, "the rule ends where a matcher should follow", "Host(");
  check_error("!", 1, "the rule ends where a matcher should follow", "HostSNI(", Family::tcp);
  check_error("&& Host(`a`)", 0, "a matcher should stand here", "Host(");
  check_error("(Host(`a`)", 0, "never closed", "put a )");
  check_error("Host(`a`))", 9, "closes nothing", "leave it out");
  check_error("Host(`a`", 4, "has no )", "Host(`example.com`)");
  check_error("Host(", 4, "has no )", "Host(`example.com`)");
  check_error("Host", 0, "Host has no argument list", "Host(`example.com`)");
}

TEST_CASE("the usual slips of quoting name their repair") {
  check_error("Host('a.test')", 5, "single quotes", "use back-ticks: `a.test`");
  check_error(
      "Host(\xe2\x80\x98"
      "a.test\xe2\x80\x99)",
      5, "typographic quotes", "use back-ticks: `a.test`");
  check_error(
      "Host(\xe2\x80\x9c"
      "a.test\xe2\x80\x9d)",
      5, "typographic quotes", "use back-ticks: `a.test`");
  check_error("Host(`a.test)", 5, "no closing back-tick", "back-tick");
  check_error("Host(\"a.test)", 5, "no closing double quote", "double quote");
  check_error("Host(a.test)", 5, "without quotes", "use back-ticks: `a.test`");
  check_error("Path(42)", 5, "without quotes", "`42`");
}

TEST_CASE("the usual slips of joining name their repair") {
  check_error("Host(`a`) Path(`/b`)", 10, "an operator is missing", "write && where both must match");
  check_error("Host(`a`), Path(`/b`)", 9, "not joined by commas", "&&");
  check_error("Host(`a`) & Path(`/b`)", 10, "a single &", "write &&");
  check_error("Host(`a`) | Path(`/b`)", 10, "a single |", "write ||");
  check_error("Host(`a`) and Path(`/b`)", 10, "the word and", "write &&");
  check_error("Host(`a`) OR Path(`/b`)", 10, "the word OR", "write ||");
  check_error("not Host(`a`)", 0, "the word not", "write !");
  check_error("Host:a.test", 0, "Traefik v1", "write Host(`a.test`)");
  check_error("Host(`a` `b`)", 9, "a comma or )", "Host(");
  check_error("Host(,`b`)", 5, "an argument in back-ticks", "Host(");
}

TEST_CASE("an unknown matcher names the nearest one, or the rule language that has it") {
  check_error("Hots(`a`)", 0, "unsupported matcher Hots", "did you mean Host?");
  check_error("Host(`a`) && PathPrefixx(`/`)", 13, "unsupported matcher PathPrefixx", "did you mean PathPrefix?");
  check_error("Teapot(`a`)", 0, "unsupported matcher Teapot", "the matchers are Host, HostRegexp");
  check_error("Headers(`a`, `b`)", 0, "unsupported matcher", "this is v2 syntax: write Header");
  check_error("HostHeader(`a`)", 0, "unsupported matcher", "write Host");
  check_error("Header(`a`, `b`)", 0, "unsupported", "this is v3 syntax: write Headers", Family::http, Syntax::v2);
  check_error("PathRegexp(`a`)", 0, "unsupported", "v3 rules only", Family::http, Syntax::v2);
  check_error("HostSNI(`a`)", 0, "unsupported", "HTTP routers use Host");
  check_error("HostSNIRegexp(`a`)", 0, "unsupported", "HTTP routers use HostRegexp");
  check_error("PathPrefix(`/`)", 0, "unsupported", "TCP routers see no HTTP request", Family::tcp);
}

TEST_CASE("the number of arguments is checked") {
  check_error("Host()", 0, "no args for matcher Host", "Host(`example.com`)");
  check_error("Host(``)", 5, "empty args for matcher Host", "Host(`example.com`)");
  check_error("Header(`a`, ``)", 12, "empty args for matcher Header", "Header(");
  check_error("Host(`a`, `b`)", 0, "unexpected number of parameters for matcher Host: 2, expected 1",
              "write Host(`a`) || Host(`b`)");
  check_error("Header(`a`)", 0, "unexpected number of parameters for matcher Header: 1, expected 2", "Header(");
  check_error("Query(`a`, `b`, `c`)", 0, "3, expected 1 or 2", "Query(");
  check_error("Headers(`a`, `b`, `c`)", 0, "3, expected pairs", "Headers(", Family::http, Syntax::v2);
  check_error("Query(`a`)", 6, "no name=value pair", "Query(`name=value`)", Family::http, Syntax::v2);
  check_error("Query(`=a`)", 6, "no name=value pair", "Query(`name=value`)", Family::http, Syntax::v2);
}

TEST_CASE("arguments are checked") {
  check_error("Path(`a`)", 5, "does not start with a /", "Path(`/a`)");
  check_error("PathPrefix(`*`)", 11, "does not start with a /", "PathPrefix(`/*`)");
  check_error("Path(`a`)", 5, "does not start with a /", "Path(`/a`)", Family::http, Syntax::v2);
  check_error("Host(`caf\xc3\xa9.test`)", 5, "is not", "punycode");
  check_error("HostRegexp(`caf\xc3\xa9`)", 11, "is not", "punycode");
  check_error("ClientIP(`10.0.0.0/33`)", 9, "no IP address or network", "ClientIP(");
  check_error("ClientIP(`localhost`)", 9, "no IP address or network", "ClientIP(");
  check_error("HostSNI(`a b`)", 8, "not a host name", "HostSNI(", Family::tcp);
  check_error("HostSNI(`a*.test`)", 8, "not a host name", "HostSNI(", Family::tcp);
  check_error("HostSNI(`*.`)", 8, "not a host name", "HostSNI(", Family::tcp);
  check_error("ALPN(`acme-tls/1`)", 5, "is not allowed", "leave it out", Family::tcp);
}

TEST_CASE("a regular expression that RE2 cannot run is an error at its place") {
  check_error("PathRegexp(`^/(?!admin)`)", 11, "is invalid", "look-ahead");
  check_error("PathRegexp(`(a`)", 11, "missing )", "RE2 syntax");
  check_error("Host(`a`) && HeaderRegexp(`X`, `*`)", 31, "is invalid", "RE2 syntax");
  check_error("PathRegexp(`(a)\\1`)", 11, "is invalid", "RE2 syntax");
  check_error("PathRegexp(`\xff`)", 11, "is invalid", "RE2 syntax");
  check_error("HostRegexp(`{a:[}.test`)", 11, "is invalid", "RE2 syntax", Family::http, Syntax::v2);
  check_error("HostRegexp(`{a.test`)", 11, "malformed", "{name:regexp}", Family::http, Syntax::v2);
  check_error("HostRegexp(`{:a}.test`)", 11, "no name", "{name:regexp}", Family::http, Syntax::v2);
  check_error("Path(`/a}`)", 5, "malformed", "{name:regexp}", Family::http, Syntax::v2);
}

TEST_CASE("a v2 template in a v3 rule is refused with its translation") {
  check_error("HostRegexp(`{sub:[a-z]+}.example.com`)", 11, "v2 syntax",
              "write HostRegexp(`^[a-z]+\\.example\\.com$`)");
  check_error("Host(`{sub}.example.com`)", 5, "v2 syntax", "write HostRegexp(`^[^.]+\\.example\\.com$`)");
  check_error("Path(`/users/{id:[0-9]+}`)", 5, "v2 syntax", "write PathRegexp(`^/users/[0-9]+$`)");
  check_error("PathPrefix(`/users/{id}`)", 11, "v2 syntax", "write PathRegexp(`^/users/[^/]+`)");
  check_error("PathRegexp(`^/users/{id:[0-9]+}$`)", 11, "v2 syntax", "leave only the expression");
  check_error("HostSNIRegexp(`{a:.*}`)", 14, "v2 syntax", "write HostSNIRegexp(`^.*$`)", Family::tcp);
  for (const char* fine : {"PathRegexp(`^/[0-9]{2,3}$`)", "PathRegexp(`\\p{Greek}`)", "PathRegexp(`\\x{41}`)",
                           "PathRegexp(`[{a:b}]`)", "PathRegexp(`\\{id\\}`)", "Path(`/{}`)", "Path(`/{1}`)"}) {
    CHECK(parse_rule(fine, Family::http, Syntax::v3).rule);
  }
}

TEST_CASE("values that can never match are accepted with a warning") {
  check_warning("Host(`http://a.test/`)", "no scheme or path", "write Host(`a.test`)");
  check_warning("Host(`a.test/x`)", "no scheme or path", "write Host(`a.test`)");
  check_warning("Host(`a.test:8080`)", "port is not part", "write Host(`a.test`)");
  check_warning("Host(`a.test,b.test`)", "not a list", "joined by ||");
  check_warning("Host(`api-*.a.test`)", "whole first label", "write HostRegexp(`^api-[^.]*\\.a\\.test$`)");
  check_warning("Host(`*.a.test`)", "no wildcard hosts", "HostRegexp(", Syntax::v2);
  check_warning("Path(`/a?b=c`)", "query is not part", "Query(");
  check_warning("PathPrefix(`/api/*`)", "plain character", "write PathPrefix(`/api/`)");
  check_warning("Path(`/a%20b`)", "is decoded", "write the character");
  check_warning("Path(`/a%2fb`)", "upper case", "write `%2F`");
  for (const char* fine :
       {"Host(`*.a.test`)", "Host(`*`)", "Host(`2001:db8::1`)", "Path(`/a%2Fb%25`)", "Path(`/100%`)"}) {
    CHECK(parse_rule(fine, Family::http, Syntax::v3).warnings.empty());
  }
}

TEST_CASE("groups nest to a limit, lists have none") {
  auto nested = [](std::size_t depth) { return std::string(depth, '(') + "Host(`a`)" + std::string(depth, ')'); };
  CHECK(parse_rule(nested(kMaxRuleDepth), Family::http, Syntax::v3).rule);
  check_error(nested(kMaxRuleDepth + 1), kMaxRuleDepth + 1, "groups inside each other", "parentheses");
  check_error(std::string(100000, '!'), kMaxRuleDepth + 1, "groups inside each other", "negations");
  std::string list = "Host(`a`)";
  for (int i = 0; i < 5000; ++i) list += " || Host(`a" + std::to_string(i) + "`)";
  CHECK(must_parse(list).root.parts.size() == 5001);
}

TEST_CASE("every prefix of a rule is an error or a rule, never a crash") {
  std::string_view text = "!(Host(`a`) && (Path(\"/\\x41\") || !Query(`a`,`b`))) || HostRegexp(`^a{2}[b]$`)";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    ParsedRule parsed = parse_rule(text.substr(0, size), Family::http, Syntax::v3);
    CHECK(parsed.rule.has_value() != parsed.error.has_value());
    if (parsed.error) CHECK(parsed.error->offset <= size);
  }
}

TEST_CASE("the hosts of a rule are its names, without the negated ones") {
  auto hosts = [](std::string_view rule, Syntax syntax = Syntax::v3) {
    return hosts_of(must_parse(rule, Family::http, syntax));
  };
  using Names = std::vector<std::string>;
  CHECK(hosts("Host(`B.test.`) || Host(`a.test`) && Path(`/`) || Host(`b.test`)") == Names{"b.test", "a.test"});
  CHECK(hosts("!Host(`a.test`) && Host(`b.test`)") == Names{"b.test"});
  CHECK(hosts("!(!Host(`a.test`) || Host(`b.test`))") == Names{"a.test"});
  CHECK(hosts("Host(`*.a.test`) || Host(`*`) || Host(`x*.a.test`)") == Names{"*.a.test"});
  CHECK(hosts("PathPrefix(`/`) && HostRegexp(`^a\\.test$`)").empty());
  CHECK(hosts("Host(`a.test`, `*.b.test`)", Syntax::v2) == Names{"a.test"});
  CHECK(hosts_of(must_parse("HostSNI(`A.test`) || HostSNI(`*`)", Family::tcp)) == Names{"a.test"});
}
