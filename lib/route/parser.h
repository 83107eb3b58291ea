// parser.h: rule text to Rule.
//
//   any      = all *( "||" all )
//   all      = unary *( "&&" unary )
//   unary    = "!" unary / "(" any ")" / name "(" text *( "," text ) ")"
//   text     = back-ticks, taken as they are / double quotes, with escapes
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "route/lexer.h"
#include "route/rule.h"

namespace sluice::route {

// Groups and negations may be nested this deep.
inline constexpr std::size_t kMaxRuleDepth = 100;

struct ParsedRule {
  std::optional<Rule> rule;
  std::optional<RuleProblem> error;   // set exactly if there is no rule
  std::vector<RuleProblem> warnings;  // parts of a valid rule that can never match as their author meant them
};

// Never fails without an error that says where and what to write. All regular expressions of the rule are compiled.
ParsedRule parse_rule(std::string_view text, Family family, Syntax syntax);

}  // namespace sluice::route
