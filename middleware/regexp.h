// regexp.h: a regular expression of a middleware, with what it captured and Go's replacement syntax.
//
// Immutable; shared by all workers. Compiled when the middleware is built, never per request.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"

namespace re2 {
class RE2;
}

namespace sluice::middleware {

class Regexp {
 public:
  // Null on failure, with the reason in `error`. White space around the expression does not count.
  static std::shared_ptr<const Regexp> compile(std::string_view text, std::string& error);
  ~Regexp();
  Regexp(const Regexp&) = delete;
  Regexp& operator=(const Regexp&) = delete;

  // The first match in `text`; nothing when there is none. An empty match is one.
  std::optional<std::string_view> find(std::string_view text) const;
  bool matches(std::string_view text) const { return find(text).has_value(); }

  // A replacement in which $1, $name, ${1} and ${name} stand for groups and $$ for '$', as Go's Expand reads it: a name
  // is as long as it can be, and a group that does not exist is empty.
  class Replacement {
   public:
    Replacement(const Regexp& regexp, std::string_view text);

   private:
    friend class Regexp;
    struct Piece {
      std::string literal;
      int group = -1;  // instead of the literal
    };
    std::vector<Piece> pieces_;
  };

  // `text` with all matches replaced; `text` itself when there is none.
  std::string_view replace_all(std::string_view text, const Replacement& replacement, Arena& arena) const;

 private:
  Regexp();

  std::unique_ptr<re2::RE2> regexp_;
  int groups_ = 0;
};

}  // namespace sluice::middleware
