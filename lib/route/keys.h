// keys.h: where a rule is filed. Every request that a rule can match has a host and a path that one of the rule's keys
// covers; so a table needs to try only the rules filed under keys that cover the request.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "route/host_pattern.h"
#include "route/rule.h"

namespace sluice::route {

struct PathKey {
  std::string text;    // a prefix of the path; "" covers every path
  bool exact = false;  // or all of it

  friend auto operator<=>(const PathKey&, const PathKey&) = default;
};

struct Key {
  HostPattern host;
  PathKey path;

  friend auto operator<=>(const Key&, const Key&) = default;
};

struct Keys {
  // `&&` intersects, `||` unites, a negated clause covers everything. Without duplicates; empty for a rule that can
  // match nothing. Past kMaxKeys keys, precision is given up for size.
  std::vector<Key> keys;
  // The rule says nothing beyond its keys: it matches what one of them covers, and need not be run.
  bool decide = false;
};

inline constexpr std::size_t kMaxKeys = 1024;
Keys keys_of(const Rule& rule);

}  // namespace sluice::route
