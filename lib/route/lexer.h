// lexer.h: a rule's text as tokens. White space and line breaks separate tokens and mean nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::route {

// Something about a rule, for people: what is wrong, where (bytes from the start of the rule), and what to write.
struct RuleProblem {
  std::string what;
  std::size_t offset = 0;
  std::string fix;
};

struct Token {
  enum class Kind : std::uint8_t { word, text, open, close, comma, all, any, negation, end, invalid };

  Kind kind = Kind::end;
  std::size_t offset = 0;
  std::string value;  // of a word: as written; of a text: unquoted
};

class Lexer {
 public:
  // `rule` must outlive the lexer.
  explicit Lexer(std::string_view rule) : rule_(rule) {}

  // The next token; `end` again and again at the end. After Kind::invalid, `problem` says what is wrong and the lexer
  // is not asked again.
  Token next();

  const RuleProblem& problem() const { return problem_; }

 private:
  Token raw_text(std::size_t start);
  Token escaped_text(std::size_t start);
  // Reads one escape after a backslash; false if there is no such escape.
  bool escape(std::string& out);
  Token word(std::size_t start);
  Token wrong_quote(std::size_t start, std::size_t width, std::string_view closing);
  Token invalid(std::size_t offset, std::string what, std::string fix);

  std::string_view rule_;
  std::size_t at_ = 0;
  RuleProblem problem_;
};

}  // namespace sluice::route
