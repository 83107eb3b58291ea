#include "control/rule_cache.h"

namespace sluice::control {

const RuleCache::Parsed& RuleCache::parse(const std::string& text, route::Family family, route::Syntax syntax) {
  Rules& rules = rules_[(family == route::Family::http ? 0 : 2) + (syntax == route::Syntax::v2 ? 0 : 1)];
  auto [found, added] = rules.try_emplace(text);
  Parsed& cached = found->second;
  used_ += cached.used_in != number_ ? 1 : 0;
  cached.used_in = number_;
  if (!added) return cached;
  route::ParsedRule parsed = route::parse_rule(text, family, syntax);
  if (parsed.rule) cached.rule = std::make_shared<const route::Rule>(std::move(*parsed.rule));
  if (parsed.error) cached.error = std::move(*parsed.error);
  cached.warnings = std::move(parsed.warnings);
  return cached;
}

void RuleCache::finish() {
  std::size_t known = 0;
  for (const Rules& rules : rules_) known += rules.size();
  for (Rules& rules : rules_) {
    if (used_ == known) break;
    std::erase_if(rules, [this](const auto& cached) { return cached.second.used_in != number_; });
  }
  used_ = 0;
  ++number_;
}

}  // namespace sluice::control
