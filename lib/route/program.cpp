#include "route/program.h"

#include <algorithm>

#include "base/text.h"
#include "route/host_pattern.h"
#include "route/query.h"

namespace sluice::route {
namespace {

using Kind = Expression::Kind;

// True if `test` accepts the value of some field of that name: every line of a repeated field counts.
template <class Test>
bool any_field(const http::Fields* fields, std::string_view name, const Test& test) {
  if (fields == nullptr) return false;
  return std::any_of(fields->begin(), fields->end(), [&](const http::Field& field) {
    return field.name.size() == name.size() && iequals(field.name, name) && test(field.value);
  });
}

}  // namespace

Program::Program(const Rule& rule) : entry_(emit(rule.root, rule, kAccept, kReject)) {}

// Written from the last part to the first, so that each knows where the next one begins.
Program::Address Program::emit(const Expression& expression, const Rule& rule, Address on_true, Address on_false) {
  if (expression.kind == Kind::clause) {
    Operation operation = translate(expression.clause);
    operation.on_true = on_true;
    operation.on_false = on_false;
    operations_.push_back(std::move(operation));
    labels_.push_back(Label{print(expression.clause, rule.family, rule.syntax), expression.clause.offset});
    SLUICE_CHECK(operations_.size() < kAccept);
    return static_cast<Address>(operations_.size() - 1);
  }
  Address next = expression.kind == Kind::all ? on_true : on_false;
  for (auto part = expression.parts.rbegin(); part != expression.parts.rend(); ++part) {
    next = expression.kind == Kind::all ? emit(*part, rule, next, on_false) : emit(*part, rule, on_true, next);
  }
  return next;
}

Program::Operation Program::translate(const Clause& clause) {
  Operation operation;
  operation.negated = clause.negated;
  operation.key = clause.key;
  operation.pattern = clause.pattern;
  // The Host field is compared as the authority, which both versions of HTTP have.
  bool authority = iequals(clause.key, "host");
  switch (clause.matcher) {
    case Matcher::host:
    case Matcher::host_literal: {
      HostPattern pattern = host_pattern(clause);
      operation.test = pattern.kind == HostPattern::Kind::any     ? Test::true_
                       : pattern.kind == HostPattern::Kind::exact ? Test::host
                                                                  : Test::host_wildcard;
      operation.value = std::move(pattern.name);
      return operation;
    }
    case Matcher::host_regexp:
    case Matcher::host_template: operation.test = Test::host_regexp; break;
    case Matcher::path: operation.test = Test::path; break;
    case Matcher::path_prefix: operation.test = Test::path_prefix; break;
    case Matcher::path_regexp:
    case Matcher::path_template:
    case Matcher::path_prefix_template: operation.test = Test::path_regexp; break;
    case Matcher::method: operation.test = Test::method; break;
    case Matcher::header: operation.test = authority ? Test::authority : Test::header; break;
    case Matcher::header_regexp: operation.test = authority ? Test::authority_regexp : Test::header_regexp; break;
    case Matcher::query: operation.test = Test::query; break;
    case Matcher::query_regexp:
    case Matcher::query_template: operation.test = Test::query_regexp; break;
    case Matcher::client_ip:
      operation.test = Test::client_ip;
      operation.network = static_cast<std::uint32_t>(networks_.size());
      networks_.push_back(*Cidr::parse(clause.value));
      break;
    case Matcher::alpn: operation.test = Test::alpn; break;
  }
  operation.value = clause.value;
  return operation;
}

bool Program::holds(const Operation& operation, const Facts& facts) const {
  switch (operation.test) {
    case Test::true_: return true;
    case Test::host: return !facts.host.empty() && facts.host == operation.value;
    case Test::host_wildcard: return is_wildcard_match(operation.value, facts.host);
    case Test::host_regexp: return operation.pattern->matches(facts.host);
    case Test::path: return facts.path == operation.value;
    case Test::path_prefix: return facts.path.starts_with(operation.value);
    case Test::path_regexp: return operation.pattern->matches(facts.path);
    case Test::method: return facts.method == operation.value;
    case Test::authority: return facts.authority == operation.value;
    case Test::authority_regexp: return !facts.authority.empty() && operation.pattern->matches(facts.authority);
    case Test::header:
      return any_field(facts.fields, operation.key, [&](std::string_view value) { return value == operation.value; });
    case Test::header_regexp:
      return any_field(facts.fields, operation.key,
                       [&](std::string_view value) { return operation.pattern->matches(value); });
    case Test::query: return query_has(facts.query, operation.key, operation.value);
    case Test::query_regexp: return query_matches(facts.query, operation.key, *operation.pattern);
    case Test::client_ip: return networks_[operation.network].contains(*facts.client);
    case Test::alpn: return std::find(facts.alpn.begin(), facts.alpn.end(), operation.value) != facts.alpn.end();
  }
  return false;
}

std::optional<Program::Failure> Program::explain(const Facts& facts) const {
  std::size_t held = 0;  // in a row: clauses of the alternative at hand
  std::size_t most = 0;
  std::optional<Address> failed;
  Address at = entry_;
  while (at < kAccept) {
    const Operation& operation = operations_[at];
    if (holds(operation, facts) != operation.negated) {
      ++held;
      at = operation.on_true;
      continue;
    }
    if (!failed || held > most) {
      failed = at;
      most = held;
    }
    held = 0;
    at = operation.on_false;
  }
  if (at == kAccept) return std::nullopt;
  return Failure{labels_[*failed].text, labels_[*failed].offset};
}

}  // namespace sluice::route
