#include "route/host_pattern.h"

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

std::uint32_t HostIndex::add(const HostPattern& pattern, std::uint32_t fresh) {
  Names& names = pattern.kind == HostPattern::Kind::exact ? exact_ : wildcard_;
  return names.emplace(pattern.name, fresh).first->second;
}

}  // namespace sluice::route
