// regexp_text.h: what can be read off the text of a regular expression without compiling it, and the pieces of the
// `{name:regexp}` templates of the v2 rule language. Whatever is not plainly understood is answered conservatively.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::route {

// Steps through a regular expression one unit at a time: a character, an escape (\., \p{Greek}, \x{20}), or a whole
// character class.
class RegexpWalker {
 public:
  explicit RegexpWalker(std::string_view regexp) : regexp_(regexp) {}

  // The next unit; empty at the end. An unfinished class or escape is a unit up to the end.
  std::string_view next();
  std::size_t position() const { return at_; }  // of what follows the last unit

 private:
  std::size_t class_size(std::string_view rest) const;
  static std::size_t escape_size(std::string_view rest);

  std::string_view regexp_;
  std::size_t at_ = 0;
};

// What the expression plainly spells out at its beginning.
struct Literal {
  bool at_start = false;  // it begins with ^
  bool at_end = false;    // $ and nothing else follows the text
  bool whole = false;     // there is nothing but the text and the anchors
  std::string text;       // every match contains it, at the start of the text if at_start
};
Literal leading_literal(std::string_view regexp);

// Named groups in Go's newer spelling, (?<name>…), in the one that every RE2 knows, (?P<name>…).
std::string with_portable_groups(std::string_view regexp);

// The text as a regular expression that matches exactly it.
std::string quote_regexp(std::string_view text);

// True if `text` has a v2 template piece: {name} or {name:…}. In a regular expression braces also mean other things,
// which do not count.
bool has_template(std::string_view text);
bool has_template_in_regexp(std::string_view regexp);

enum class TemplateKind : unsigned char { host, path, path_prefix, query };

// The regular expression a template stands for: anchored (a path prefix at its start only), literal outside the braces,
// host names without regard to case. Nothing, with the reason in `error`, if it is malformed.
std::optional<std::string> template_to_regexp(std::string_view text, TemplateKind kind, std::string& error);

}  // namespace sluice::route
