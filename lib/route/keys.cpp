#include "route/keys.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "route/pattern.h"

namespace sluice::route {
namespace {

using Keys = std::vector<Key>;
using HostKind = HostPattern::Kind;

bool covers_everything(const Key& key) {
  return key.host.kind == HostKind::any && key.path.text.empty() && !key.path.exact;
}

Key key_of(const Clause& clause) {
  Key key;
  if (clause.negated) return key;
  switch (clause.matcher) {
    case Matcher::host:
    case Matcher::host_literal: key.host = host_pattern(clause); break;
    case Matcher::host_regexp:
    case Matcher::host_template:
      if (clause.pattern->is_exact()) key.host = {HostKind::exact, std::string(clause.pattern->prefix())};
      break;
    case Matcher::path: key.path = {clause.value, true}; break;
    case Matcher::path_prefix: key.path = {clause.value, false}; break;
    case Matcher::path_regexp:
    case Matcher::path_template:
    case Matcher::path_prefix_template:
      key.path = {std::string(clause.pattern->prefix()), clause.pattern->is_exact()};
      break;
    default: break;
  }
  return key;
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

void remove_duplicates(Keys& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

Keys intersection(const Keys& a, const Keys& b) {
  // Either side alone covers what both cover together.
  if (a.size() * b.size() > kMaxKeys) {
    bool by_host = std::none_of(a.begin(), a.end(), [](const Key& key) { return key.host.kind == HostKind::any; });
    return by_host ? a : b;
  }
  Keys result;
  for (const Key& one : a) {
    for (const Key& other : b) {
      std::optional<HostPattern> host = both(one.host, other.host);
      std::optional<PathKey> path = both(one.path, other.path);
      if (host && path) result.push_back(Key{std::move(*host), std::move(*path)});
    }
  }
  remove_duplicates(result);
  return result;
}

Keys keys_of(const Expression& expression) {
  if (expression.kind == Expression::Kind::clause) return {key_of(expression.clause)};
  Keys result;
  if (expression.kind == Expression::Kind::all) {
    result.emplace_back();
    for (const Expression& part : expression.parts) result = intersection(result, keys_of(part));
    return result;
  }
  for (const Expression& part : expression.parts) {
    Keys more = keys_of(part);
    std::move(more.begin(), more.end(), std::back_inserter(result));
  }
  if (std::any_of(result.begin(), result.end(), covers_everything)) return {Key{}};
  remove_duplicates(result);
  return result;
}

}  // namespace

std::vector<Key> keys_of(const Rule& rule) { return keys_of(rule.root); }

}  // namespace sluice::route
