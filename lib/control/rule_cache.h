// rule_cache.h: rules parsed once: a rule that stays in the configuration is the same object in every build, so that a
// table made of the same rules need not be made again. Control thread only.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "route/parser.h"

namespace sluice::control {

class RuleCache {
 public:
  struct Parsed {
    std::shared_ptr<const route::Rule> rule;  // null: `error` says why
    route::RuleProblem error;
    std::vector<route::RuleProblem> warnings;
    std::uint64_t used_in = ~std::uint64_t{0};  // number of the build
  };

  const Parsed& parse(const std::string& text, route::Family family, route::Syntax syntax);
  // Ends a build: what it did not use is forgotten.
  void finish();

 private:
  using Rules = std::unordered_map<std::string, Parsed>;  // by text

  std::array<Rules, 4> rules_;  // by family and syntax
  std::uint64_t number_ = 0;
  std::size_t used_ = 0;  // by the build that is being made
};

}  // namespace sluice::control
