// lexer.h: template text as tokens, one at a time. Literal text arrives as one token per stretch, with trim markers
// already applied and comments left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/template/ast.h"

namespace sluice::config::templates {

struct Token {
  enum class Kind : std::uint8_t {
    end,         // of the text
    error,       // `text` says what
    literal,     // text between actions
    open,        // {{
    close,       // }}
    identifier,  // a function or keyword
    field,       // .Name: `text` is without the dot
    variable,    // $name, with the dollar
    dot,         // .
    text,        // "…" or `…`: `text` is what it means
    character,   // 'c': `text` is the code point in decimal
    number,
    left_paren,
    right_paren,
    pipe,
    declare,  // :=
    assign,   // =
    comma,
  };
  Kind kind = Kind::end;
  std::string text;
  Position at;
  bool space_before = false;
};

class Lexer {
 public:
  // `source` must outlive the lexer.
  explicit Lexer(std::string_view source) : source_(source) {}
  Token next();

 private:
  Token literal();
  Token inside();
  Token quoted();
  Token raw_quoted();
  Token character();
  Token number();
  Token word(Token::Kind kind, std::size_t skip);
  // Reads one escape sequence after a backslash into `out`.
  bool escape(char quote, std::string& out);
  bool skip_comment(std::string& error);

  Token make(Token::Kind kind, std::size_t start, std::string text = {});
  Token error(std::string what, std::size_t at);
  Position position(std::size_t offset);
  char at(std::size_t offset) const { return offset < source_.size() ? source_[offset] : '\0'; }
  bool starts(std::size_t offset, std::string_view text) const {
    return source_.substr(offset < source_.size() ? offset : source_.size(), text.size()) == text;
  }

  std::string_view source_;
  std::size_t cursor_ = 0;
  bool inside_ = false;
  bool trim_next_ = false;  // the last action ended with " -}}"
  bool space_ = false;
  int parens_ = 0;
  std::size_t counted_ = 0;  // offset up to which lines were counted
  Position counted_at_;
};

}  // namespace sluice::config::templates
