// host_pattern.h: what a Host or HostSNI clause accepts, in the canonical form host names are compared in (lower case,
// without port and trailing dot), and the index that finds what is filed under a name.
//
// A HostIndex is immutable and shared by all threads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "route/rule.h"
#include "route/slots.h"

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
  // Empty, with room for `most` patterns.
  explicit HostIndex(std::size_t most = 0) : slots_(most) { names_.reserve(most); }
  // Files each pattern under its place in the list. The patterns differ, and none is `any`.
  explicit HostIndex(const std::vector<HostPattern>& patterns);

  // The number of the pattern, which is not `any`: its own, or the next one.
  std::uint32_t add(const HostPattern& pattern);
  std::size_t size() const { return names_.size(); }
  // Lent by the index.
  std::string_view name(std::uint32_t number) const { return text(names_[number]); }

  // What the owner keeps with a pattern, in the cache line that the lookup has read anyway.
  static constexpr std::uint32_t kNoNote = 0xffffffff;
  void set_note(std::uint32_t number, std::uint32_t note) { names_[number].note = note; }
  const std::uint32_t& note(std::uint32_t number) const { return names_[number].note; }

  std::optional<std::uint32_t> exact(std::string_view host) const { return find(HostPattern::Kind::exact, host); }
  std::optional<std::uint32_t> wildcard(std::string_view host) const {
    std::string_view rest = parent_of(host);
    return !has_wildcards_ || rest.empty() ? std::nullopt : find(HostPattern::Kind::wildcard, rest);
  }

 private:
  static constexpr std::size_t kShort = 48;
  struct alignas(64) Name {
    std::uint32_t text = 0;  // in long_texts_
    std::uint32_t size = 0;
    std::uint32_t note = kNoNote;
    HostPattern::Kind kind = HostPattern::Kind::exact;
    std::array<char, kShort> short_text{};
  };

  std::string_view text(const Name& name) const {
    if (name.size <= kShort) return {name.short_text.data(), name.size};
    return std::string_view(long_texts_).substr(name.text, name.size);
  }

  static std::uint64_t hash_of(HostPattern::Kind kind, std::string_view name) {
    return hash_more(static_cast<std::uint64_t>(kind), name);
  }
  std::optional<std::uint32_t> find(HostPattern::Kind kind, std::string_view name) const {
    return find(hash_of(kind, name), kind, name);
  }
  std::optional<std::uint32_t> find(std::uint64_t hash, HostPattern::Kind kind, std::string_view name) const {
    return slots_.find(hash, [&](std::uint32_t number) {
      const Name& known = names_[number];
      return known.kind == kind && text(known) == name;
    });
  }

  Slots slots_;
  std::vector<Name> names_;
  std::string long_texts_;
  bool has_wildcards_ = false;
};

}  // namespace sluice::route
