// pattern.h: a compiled regular expression, unanchored unless it says otherwise (RE2 syntax, as in Go).
//
// An expression that only spells out a text becomes a comparison. Immutable; shared by all threads. RE2 builds its
// automaton while matching, in a cache of its own that it locks and bounds; nothing else here allocates or locks,
// except for text that is not UTF-8.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace sluice::route {

class Pattern {
 public:
  // Null on failure, with the reason in `error`.
  static std::shared_ptr<const Pattern> compile(std::string_view regexp, std::string& error);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // Text that is not UTF-8 is matched as if each offending byte were U+FFFD, as Go does, so that `.` means it too.
  bool matches(std::string_view text) const;

  // True if exactly `prefix()` matches.
  bool is_exact() const { return kind_ == Kind::exact; }
  // Every text that matches begins with this; may be empty.
  std::string_view prefix() const { return prefix_; }
  // False if the expression became a comparison.
  bool uses_regexp() const { return kind_ == Kind::regexp; }

 private:
  enum class Kind : std::uint8_t { exact, prefix, suffix, contains, regexp };

  Pattern();

  Kind kind_ = Kind::regexp;
  std::string literal_;  // of the comparisons
  std::string prefix_;
  std::unique_ptr<re2::RE2> regexp_;
};

}  // namespace sluice::route
