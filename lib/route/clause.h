// clause.h: from a matcher call as written to clauses: the checks of its arguments, and the v2 lists taken apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "route/lexer.h"
#include "route/rule.h"
#include "route/vocabulary.h"

namespace sluice::route {

struct Argument {
  std::string value;
  std::size_t offset = 0;
};

struct Call {
  std::string name;
  std::size_t offset = 0;
  std::vector<Argument> arguments;
};

// One clause, or a group of them for a v2 call with several arguments: any of them for lists of values, all of them for
// Headers, HeadersRegexp and Query, as Traefik does. Nothing on error, with `problem` filled. What is valid but can
// never match as written is added to `warnings`.
std::optional<Expression> bind_call(const Call& call, const MatcherSpec& spec, Family family, Syntax syntax,
                                    RuleProblem& problem, std::vector<RuleProblem>& warnings);

}  // namespace sluice::route
