#include "route/host_pattern.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::route {

HostPattern host_pattern(const Clause& clause) {
  if (clause.matcher == Matcher::host && clause.value == "*") return HostPattern{};
  HostPattern pattern{HostPattern::Kind::exact, lowered(clause.value)};
  if (pattern.name.size() > 1 && pattern.name.back() == '.') pattern.name.pop_back();
  if (clause.matcher == Matcher::host && pattern.name.size() > 2 && pattern.name.starts_with("*.")) {
    pattern.kind = HostPattern::Kind::wildcard;
    pattern.name.erase(0, 2);
  }
  return pattern;
}

HostIndex::HostIndex(const std::vector<HostPattern>& patterns) : HostIndex(patterns.size()) {
  for (const HostPattern& pattern : patterns) add(pattern);
}

std::uint32_t HostIndex::add(const HostPattern& pattern) {
  const std::uint64_t hash = hash_of(pattern.kind, pattern.name);
  if (std::optional<std::uint32_t> known = find(hash, pattern.kind, pattern.name)) return *known;
  const auto number = static_cast<std::uint32_t>(names_.size());
  slots_.add(hash, number);
  Name name;
  name.size = static_cast<std::uint32_t>(pattern.name.size());
  name.kind = pattern.kind;
  if (name.size <= kShort) {
    std::copy(pattern.name.begin(), pattern.name.end(), name.short_text.begin());
  } else {
    name.text = static_cast<std::uint32_t>(long_texts_.size());
    long_texts_ += pattern.name;
  }
  names_.push_back(name);
  has_wildcards_ = has_wildcards_ || pattern.kind == HostPattern::Kind::wildcard;
  return number;
}

}  // namespace sluice::route
