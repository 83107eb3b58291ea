#include "route/rule.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "route/host_pattern.h"
#include "route/vocabulary.h"

namespace sluice::route {
namespace {

using Kind = Expression::Kind;

// Back-ticks where they can hold the text, double quotes with escapes where they cannot.
std::string in_quotes(std::string_view text) {
  if (text.find('`') == std::string_view::npos && text.find('\r') == std::string_view::npos) {
    return "`" + std::string(text) + "`";
  }
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void print_into(std::string& out, const Expression& expression, const Rule& rule) {
  if (expression.kind == Kind::clause) {
    out += print(expression.clause, rule.family, rule.syntax);
    return;
  }
  bool first = true;
  for (const Expression& part : expression.parts) {
    if (!first) out += expression.kind == Kind::all ? " && " : " || ";
    first = false;
    bool group = expression.kind == Kind::all && part.kind == Kind::any;
    if (group) out += '(';
    print_into(out, part, rule);
    if (group) out += ')';
  }
}

template <class Visit>
void for_each_clause(const Expression& expression, const Visit& visit) {
  if (expression.kind == Kind::clause) visit(expression.clause);
  for (const Expression& part : expression.parts) for_each_clause(part, visit);
}

}  // namespace

Expression negated(Expression expression) {
  if (expression.kind == Kind::clause) {
    expression.clause.negated = !expression.clause.negated;
    return expression;
  }
  expression.kind = expression.kind == Kind::all ? Kind::any : Kind::all;
  for (Expression& part : expression.parts) part = negated(std::move(part));
  return expression;
}

void join(Expression& group, Expression expression) {
  if (expression.kind == group.kind) {
    std::move(expression.parts.begin(), expression.parts.end(), std::back_inserter(group.parts));
  } else {
    group.parts.push_back(std::move(expression));
  }
}

std::string print(const Clause& clause, Family family, Syntax syntax) {
  std::string out = clause.negated ? "!" : "";
  out += name_of(clause.matcher, family, syntax);
  out += '(';
  bool query = clause.matcher == Matcher::query || clause.matcher == Matcher::query_template;
  if (query && syntax == Syntax::v2) {
    out += in_quotes(clause.key + "=" + clause.value);
  } else if (clause.key.empty()) {
    out += in_quotes(clause.value);
  } else {
    out += in_quotes(clause.key);
    if (!clause.value.empty()) out += ", " + in_quotes(clause.value);
  }
  return out + ")";
}

std::string print(const Rule& rule) {
  std::string out;
  print_into(out, rule.root, rule);
  return out;
}

std::vector<std::string> hosts_of(const Rule& rule) {
  std::vector<std::string> hosts;
  for_each_clause(rule.root, [&](const Clause& clause) {
    if (clause.negated || (clause.matcher != Matcher::host && clause.matcher != Matcher::host_literal)) return;
    HostPattern pattern = host_pattern(clause);
    if (pattern.kind == HostPattern::Kind::any) return;
    // A `*` anywhere but in front never matches and is no name to ask a certificate for.
    if (pattern.name.find('*') != std::string::npos) return;
    std::string name = pattern.kind == HostPattern::Kind::wildcard ? "*." + pattern.name : pattern.name;
    if (std::find(hosts.begin(), hosts.end(), name) == hosts.end()) hosts.push_back(std::move(name));
  });
  return hosts;
}

bool needs_tls(const Rule& rule) {
  const Clause* first = nullptr;
  for_each_clause(rule.root, [&](const Clause& clause) {
    bool names_host = clause.matcher == Matcher::host || clause.matcher == Matcher::host_literal;
    if (names_host && first == nullptr) first = &clause;
  });
  return rule.family == Family::tcp && first != nullptr && first->value != "*";
}

bool is_catch_all(const Rule& rule) {
  const Clause& clause = rule.root.clause;
  return rule.family == Family::tcp && rule.root.kind == Kind::clause && clause.matcher == Matcher::host &&
         !clause.negated && clause.value == "*";
}

}  // namespace sluice::route
