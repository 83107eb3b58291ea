// Rules and requests as a stranger might write them. Each line of the input but the last is a rule, the last is what is
// asked: host, path, query, method and a header value, separated by tabs. No rule may crash the parser; what it prints
// must parse to an equal rule; over all the rules that parse, the table must answer what a scan answers; and what a
// line means as a regular expression must not change by being simplified.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "route/http_table.h"
#include "route/parser.h"
#include "route/pattern.h"
#include "route/sni_table.h"

using namespace sluice;
using namespace sluice::route;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_problem(const RuleProblem& problem, std::string_view text) {
  require(problem.offset <= text.size());
  require(!problem.what.empty() && !problem.fix.empty());
}

void read_rule(std::string_view text, Family family, Syntax syntax, std::vector<Rule>& rules) {
  ParsedRule parsed = parse_rule(text, family, syntax);
  require(parsed.rule.has_value() != parsed.error.has_value());
  for (const RuleProblem& warning : parsed.warnings) check_problem(warning, text);
  if (parsed.error) {
    check_problem(*parsed.error, text);
    return;
  }
  ParsedRule again = parse_rule(print(*parsed.rule), family, syntax);
  require(again.rule.has_value());
  require(*again.rule == *parsed.rule);
  require(hosts_of(*again.rule) == hosts_of(*parsed.rule));
  rules.push_back(std::move(*parsed.rule));
}

// What was read off the text of an expression must hold for what RE2 makes of it; in a group it is never simplified.
void check_pattern(std::string_view regexp, const std::vector<std::string_view>& texts) {
  std::string error;
  std::shared_ptr<const Pattern> pattern = Pattern::compile(regexp, error);
  std::shared_ptr<const Pattern> plain = Pattern::compile("(?:" + std::string(regexp) + ")", error);
  if (pattern == nullptr || plain == nullptr) return;
  require(plain->uses_regexp());
  for (std::string_view text : texts) {
    require(pattern->matches(text) == plain->matches(text));
    require(!plain->matches(text) || text.starts_with(pattern->prefix()));
    require(!pattern->is_exact() || pattern->matches(pattern->prefix()));
  }
}

std::vector<Route> routes_of(const std::vector<Rule>& rules) {
  std::vector<Route> routes;
  for (const Rule& rule : rules)
    routes.push_back(Route{&rule, 0, "r@fuzz", 0, static_cast<std::uint32_t>(routes.size())});
  return routes;
}

void check_winner(const std::vector<Verdict>& verdicts, bool found) {
  bool matched = false;
  for (const Verdict& verdict : verdicts) {
    matched = matched || verdict.matched;
    require(verdict.offset < verdict.rule.size());
  }
  require(matched == found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string_view> lines = split({reinterpret_cast<const char*>(data), size}, '\n');
  std::vector<std::string_view> asked = split(lines.back(), '\t');
  asked.resize(5);
  lines.pop_back();

  std::vector<Rule> http_rules;
  std::vector<Rule> tcp_rules;
  for (std::string_view line : lines) {
    read_rule(line, Family::http, Syntax::v3, http_rules);
    read_rule(line, Family::http, Syntax::v2, http_rules);
    read_rule(line, Family::tcp, Syntax::v3, tcp_rules);
    read_rule(line, Family::tcp, Syntax::v2, tcp_rules);
    check_pattern(line, asked);
  }

  Arena arena;
  http::Peer peer;
  peer.remote.ip = IpAddress::v4(0x0a000001);
  http::Request request(arena, peer);
  request.host = asked[0];
  request.authority = asked[0];
  request.target.match_path = asked[1];
  request.target.query = asked[2];
  request.method_text = asked[3];
  request.fields.add("X-A", asked[4]);
  HttpTable http_table(routes_of(http_rules));
  std::optional<std::uint32_t> found = http_table.match(request);
  require(found == http_table.scan(request));
  check_winner(http_table.explain(request), found.has_value());
  require(http_table.nearest(request, 3).size() <= 3);

  Hello hello{asked[0], peer.remote.ip, {&asked[3], 1}};
  SniTable sni_table(routes_of(tcp_rules));
  std::optional<SniTable::Match> match = sni_table.match(hello);
  std::optional<SniTable::Match> scanned = sni_table.scan(hello);
  require(match.has_value() == scanned.has_value());
  require(!match || match->payload == scanned->payload);
  check_winner(sni_table.explain(hello), match.has_value());
  return 0;
}
