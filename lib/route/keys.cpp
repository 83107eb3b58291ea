#include "route/keys.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "route/pattern.h"

namespace sluice::route {
namespace {

using HostKind = HostPattern::Kind;

bool covers_everything(const Key& key) {
  return key.host.kind == HostKind::any && key.path.text.empty() && !key.path.exact;
}

Keys keys_of(const Clause& clause) {
  Key key;
  if (clause.negated) return {{key}, false};
  switch (clause.matcher) {
    case Matcher::host:
    case Matcher::host_literal: key.host = host_pattern(clause); return {{key}, true};
    case Matcher::host_regexp:
    case Matcher::host_template:
      if (clause.pattern->is_exact()) key.host = {HostKind::exact, std::string(clause.pattern->prefix())};
      break;
    case Matcher::path: key.path = {clause.value, true}; return {{key}, true};
    case Matcher::path_prefix: key.path = {clause.value, false}; return {{key}, true};
    case Matcher::path_regexp:
    case Matcher::path_template:
    case Matcher::path_prefix_template:
      key.path = {std::string(clause.pattern->prefix()), clause.pattern->is_exact()};
      break;
    default: break;
  }
  return {{key}, false};
}

std::optional<HostPattern> both(const HostPattern& a, const HostPattern& b) {
  if (a.kind == HostKind::any || a == b) return b;
  if (b.kind == HostKind::any) return a;
  if (a.kind == HostKind::exact && b.kind == HostKind::wildcard && is_wildcard_match(b.name, a.name)) return a;
  if (b.kind == HostKind::exact && a.kind == HostKind::wildcard && is_wildcard_match(a.name, b.name)) return b;
  return std::nullopt;
}

std::optional<PathKey> both(const PathKey& a, const PathKey& b) {
  const PathKey& longer = a.text.size() > b.text.size() || (a.text.size() == b.text.size() && a.exact) ? a : b;
  const PathKey& shorter = &longer == &a ? b : a;
  if (shorter.exact ? longer.text != shorter.text : !longer.text.starts_with(shorter.text)) return std::nullopt;
  return longer;
}

void remove_duplicates(std::vector<Key>& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

Keys intersection(const Keys& a, const Keys& b) {
  // Either side alone covers what both cover together.
  if (a.keys.size() * b.keys.size() > kMaxKeys) {
    bool by_host =
        std::none_of(a.keys.begin(), a.keys.end(), [](const Key& key) { return key.host.kind == HostKind::any; });
    return {by_host ? a.keys : b.keys, false};
  }
  Keys result{{}, a.decide && b.decide};
  for (const Key& one : a.keys) {
    for (const Key& other : b.keys) {
      std::optional<HostPattern> host = both(one.host, other.host);
      std::optional<PathKey> path = both(one.path, other.path);
      if (host && path) result.keys.push_back(Key{std::move(*host), std::move(*path)});
    }
  }
  remove_duplicates(result.keys);
  return result;
}

Keys keys_of(const Expression& expression) {
  if (expression.kind == Expression::Kind::clause) return keys_of(expression.clause);
  if (expression.kind == Expression::Kind::all) {
    Keys result{{Key{}}, true};
    for (const Expression& part : expression.parts) result = intersection(result, keys_of(part));
    return result;
  }
  Keys result{{}, true};
  for (const Expression& part : expression.parts) {
    Keys more = keys_of(part);
    result.decide = result.decide && more.decide;
    std::move(more.keys.begin(), more.keys.end(), std::back_inserter(result.keys));
  }
  if (std::any_of(result.keys.begin(), result.keys.end(), covers_everything)) return {{Key{}}, result.decide};
  remove_duplicates(result.keys);
  return result;
}

}  // namespace

Keys keys_of(const Rule& rule) { return keys_of(rule.root); }

}  // namespace sluice::route
