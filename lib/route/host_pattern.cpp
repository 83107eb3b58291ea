#include "route/host_pattern.h"

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

HostIndex::HostIndex(const std::vector<HostPattern>& patterns) : slots_(patterns.size()) {
  for (const HostPattern& pattern : patterns) {
    slots_.add(hash_more(static_cast<std::uint64_t>(pattern.kind), pattern.name),
               static_cast<std::uint32_t>(names_.size()));
    names_.push_back(
        Name{static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(pattern.name.size()), pattern.kind});
    texts_ += pattern.name;
    has_wildcards_ = has_wildcards_ || pattern.kind == HostPattern::Kind::wildcard;
  }
}

}  // namespace sluice::route
