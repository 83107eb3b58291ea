// program.h: the rules of one table as flat code. Each clause is one operation with two ways out; a rule is entered at
// its first operation and left at kAccept or kReject.
//
// Filled on the control thread, then immutable and shared by all threads. Running it neither allocates nor makes
// virtual calls (but see pattern.h and query.h for long queries and text that is not UTF-8).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/ip.h"
#include "route/facts.h"
#include "route/pattern.h"
#include "route/rule.h"

namespace sluice::route {

class Program {
 public:
  using Address = std::uint32_t;

  Program();

  // Adds a rule and returns where it is entered. The rule is not needed afterwards.
  Address add(const Rule& rule);
  // After the last rule: gives back what only adding needed.
  void seal();

  bool run(Address entry, const Facts& facts) const {
    Address at = entry;
    while (at < kAccept) {
      const Operation& operation = operations_[at];
      at = holds(operation, facts) != operation.negated ? operation.on_true : operation.on_false;
    }
    return at == kAccept;
  }

  struct Failure {
    std::string_view clause;  // canonical text
    std::size_t offset = 0;   // in the rule
  };
  // As `run`; if the rule does not match, the clause that failed: of several alternatives, that of the one of which
  // most clauses held, and the first of those.
  std::optional<Failure> explain(Address entry, const Facts& facts) const;

 private:
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
    std::uint32_t index = 0;  // of the pattern or network
    std::string_view key;
    std::string_view value;
  };
  struct Label {  // for people
    std::string_view text;
    std::size_t offset = 0;
  };

  Address emit(const Expression& expression, const Rule& rule, Address on_true, Address on_false);
  Operation translate(const Clause& clause);
  std::uint32_t pattern_index(const std::shared_ptr<const Pattern>& pattern, const Clause& clause);
  bool holds(const Operation& operation, const Facts& facts) const;

  std::vector<Operation> operations_;
  std::vector<Label> labels_;  // of the operations
  std::vector<std::shared_ptr<const Pattern>> patterns_;
  std::vector<Cidr> networks_;
  std::map<std::pair<Matcher, std::string>, std::uint32_t> known_patterns_;  // equal expressions are kept once
  std::unique_ptr<Arena> text_;                                              // what the views above point to
};

}  // namespace sluice::route
