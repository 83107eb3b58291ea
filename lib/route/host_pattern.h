// host_pattern.h: what a Host or HostSNI clause accepts, in the canonical form host names are compared in (lower case,
// without port and trailing dot), and the index that finds what is filed under a name.
//
// A HostIndex is immutable once filled and may then be shared by all threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/text.h"
#include "route/rule.h"

namespace sluice::route {

struct HostPattern {
  enum class Kind : std::uint8_t { any, exact, wildcard };

  Kind kind = Kind::any;
  std::string name;  // of a wildcard: what follows "*."

  friend auto operator<=>(const HostPattern&, const HostPattern&) = default;
};

// The pattern of a clause whose matcher is `host` or `host_literal`.
HostPattern host_pattern(const Clause& clause);

// What follows the first label of `host`, or nothing if there is no first label or nothing after it.
inline std::string_view parent_of(std::string_view host) {
  std::size_t dot = host.find('.');
  return dot == 0 || dot == std::string_view::npos ? std::string_view() : host.substr(dot + 1);
}

// True if `host` is one label in front of `rest`.
inline bool is_wildcard_match(std::string_view rest, std::string_view host) {
  return !rest.empty() && parent_of(host) == rest;
}

class HostIndex {
 public:
  // The number filed under `pattern`; `fresh` is filed if there is none yet. The pattern is not `any`.
  std::uint32_t add(const HostPattern& pattern, std::uint32_t fresh);

  std::optional<std::uint32_t> exact(std::string_view host) const { return find(exact_, host); }
  std::optional<std::uint32_t> wildcard(std::string_view host) const {
    if (wildcard_.empty()) return std::nullopt;
    std::string_view rest = parent_of(host);
    return rest.empty() ? std::nullopt : find(wildcard_, rest);
  }

 private:
  using Names = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;

  static std::optional<std::uint32_t> find(const Names& names, std::string_view name) {
    auto found = names.find(name);
    if (found == names.end()) return std::nullopt;
    return found->second;
  }

  Names exact_;
  Names wildcard_;
};

}  // namespace sluice::route
