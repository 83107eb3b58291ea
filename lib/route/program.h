// program.h: a rule as flat code. Each clause is one operation with two ways out; the rule is left at kAccept or
// kReject.
//
// Immutable; shared by all threads. Running it neither allocates nor makes virtual calls (but see pattern.h and query.h
// for long queries and text that is not UTF-8).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "route/facts.h"
#include "route/pattern.h"
#include "route/rule.h"

namespace sluice::route {

class Program {
 public:
  // The rule is not needed afterwards.
  explicit Program(const Rule& rule);

  bool run(const Facts& facts) const {
    Address at = entry_;
    while (at < kAccept) {
      const Operation& operation = operations_[at];
      at = holds(operation, facts) != operation.negated ? operation.on_true : operation.on_false;
    }
    return at == kAccept;
  }

  struct Failure {
    std::string_view clause;  // canonical text, lent by the program
    std::size_t offset = 0;   // in the rule
  };
  // As `run`; if the rule does not match, the clause that failed: of several alternatives, that of the one of which
  // most clauses held, and the first of those.
  std::optional<Failure> explain(const Facts& facts) const;

 private:
  using Address = std::uint32_t;
  static constexpr Address kAccept = 0xfffffffe;
  static constexpr Address kReject = 0xffffffff;

  // What an operation does: the matchers, with the kinds of Host told apart.
  enum class Test : std::uint8_t {
    true_,
    host,
    host_wildcard,
    host_regexp,
    path,
    path_prefix,
    path_regexp,
    method,
    authority,
    authority_regexp,
    header,
    header_regexp,
    query,
    query_regexp,
    client_ip,
    alpn,
  };
  struct Operation {
    Test test = Test::true_;
    bool negated = false;
    Address on_true = kAccept;
    Address on_false = kReject;
    std::uint32_t network = 0;  // its place in networks_
    std::string key;
    std::string value;
    std::shared_ptr<const Pattern> pattern;
  };
  struct Label {  // for people
    std::string text;
    std::size_t offset = 0;
  };

  Address emit(const Expression& expression, const Rule& rule, Address on_true, Address on_false);
  Operation translate(const Clause& clause);
  bool holds(const Operation& operation, const Facts& facts) const;

  std::vector<Operation> operations_;
  std::vector<Label> labels_;  // of the operations
  std::vector<Cidr> networks_;
  Address entry_;
};

}  // namespace sluice::route
