// rule_cache.h: rules parsed once: as long as somebody holds what a rule was read to, it is the same object in every
// build, so that a table made of the same rules need not be made again. Control thread only.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "route/parser.h"

namespace sluice::control {

class RuleCache {
 public:
  using Parsed = std::shared_ptr<const route::ParsedRule>;

  Parsed parse(const std::string& text, route::Family family, route::Syntax syntax);

 private:
  std::array<std::unordered_map<std::string, std::weak_ptr<const route::ParsedRule>>, 4> rules_;  // by family, syntax
  std::size_t made_since_sweep_ = 0;
};

}  // namespace sluice::control
