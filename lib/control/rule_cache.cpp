#include "control/rule_cache.h"

namespace sluice::control {

RuleCache::Parsed RuleCache::parse(const std::string& text, route::Family family, route::Syntax syntax) {
  auto& rules = rules_[(family == route::Family::http ? 0 : 2) + (syntax == route::Syntax::v2 ? 0 : 1)];
  std::weak_ptr<const route::ParsedRule>& kept = rules[text];
  if (Parsed known = kept.lock()) return known;
  auto parsed = std::make_shared<const route::ParsedRule>(route::parse_rule(text, family, syntax));
  kept = parsed;
  if (++made_since_sweep_ > rules.size() / 2 + 64) {
    made_since_sweep_ = 0;
    std::erase_if(rules, [](const auto& one) { return one.second.expired(); });
  }
  return parsed;
}

}  // namespace sluice::control
