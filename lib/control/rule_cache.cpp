#include "control/rule_cache.h"

namespace sluice::control {

const RuleCache::Parsed& RuleCache::parse(const std::string& text, route::Family family, route::Syntax syntax) {
  std::string key(family == route::Family::http ? "h" : "t");
  key += syntax == route::Syntax::v2 ? '2' : '3';
  key += text;
  auto [found, added] = rules_.try_emplace(std::move(key));
  Parsed& cached = found->second;
  cached.used_in = number_;
  if (!added) return cached;
  route::ParsedRule parsed = route::parse_rule(text, family, syntax);
  if (parsed.rule) cached.rule = std::make_shared<const route::Rule>(std::move(*parsed.rule));
  if (parsed.error) cached.error = std::move(*parsed.error);
  cached.warnings = std::move(parsed.warnings);
  return cached;
}

void RuleCache::finish() {
  std::erase_if(rules_, [this](const auto& cached) { return cached.second.used_in != number_; });
  ++number_;
}

}  // namespace sluice::control
