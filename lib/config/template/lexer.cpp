#include "config/template/lexer.h"

#include <algorithm>

#include "base/text.h"
#include "config/template/utf8.h"

namespace sluice::config::templates {

namespace {

bool is_template_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_word(char c) { return is_alpha(c) || is_digit(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0; }

}  // namespace

Position Lexer::position(std::size_t offset) {
  if (offset < counted_) {
    counted_ = 0;
    counted_at_ = {};
  }
  for (; counted_ < offset; ++counted_) {
    if (source_[counted_] == '\n') {
      ++counted_at_.line;
      counted_at_.column = 1;
    } else {
      ++counted_at_.column;
    }
  }
  return counted_at_;
}

Token Lexer::make(Token::Kind kind, std::size_t start, std::string text) {
  Token token{kind, std::move(text), position(start), space_};
  space_ = false;
  return token;
}

Token Lexer::error(std::string what, std::size_t where) {
  cursor_ = source_.size();
  inside_ = false;
  return make(Token::Kind::error, where, std::move(what));
}

Token Lexer::next() { return inside_ ? inside() : literal(); }

// Literal text up to the next action that is not a comment. A comment ends a stretch of text, so that its trim markers
// reach exactly as far as the text beside it.
Token Lexer::literal() {
  while (true) {
    const std::size_t start = cursor_;
    const std::size_t open = std::min(source_.find("{{", cursor_), source_.size());
    std::string_view text = source_.substr(start, open - start);
    if (std::exchange(trim_next_, false)) {
      while (!text.empty() && is_template_space(text.front())) text.remove_prefix(1);
    }
    const bool trim = starts(open, "{{-") && is_template_space(at(open + 3));
    if (trim) {
      while (!text.empty() && is_template_space(text.back())) text.remove_suffix(1);
    }
    if (!text.empty()) {
      cursor_ = open;
      return make(Token::Kind::literal, start, std::string(text));
    }
    if (open == source_.size()) {
      cursor_ = open;
      return make(Token::Kind::end, open);
    }
    cursor_ = open + (trim ? 3 : 2);
    std::size_t comment = cursor_;
    while (trim && is_template_space(at(comment))) ++comment;
    if (!starts(comment, "/*")) {
      inside_ = true;
      parens_ = 0;
      return make(Token::Kind::open, open);
    }
    cursor_ = comment;
    std::string problem;
    if (!skip_comment(problem)) return error(std::move(problem), open);
  }
}

bool Lexer::skip_comment(std::string& problem) {
  const std::size_t end = source_.find("*/", cursor_ + 2);
  if (end == std::string_view::npos) {
    problem = "unclosed comment";
    return false;
  }
  std::size_t close = end + 2;
  std::size_t spaces = close;
  while (is_template_space(at(spaces))) ++spaces;
  if (spaces > close && starts(spaces, "-}}")) {
    trim_next_ = true;
    close = spaces + 1;
  } else if (!starts(close, "}}")) {
    problem = "a comment ends before the closing braces";
    return false;
  }
  cursor_ = close + 2;
  return true;
}

Token Lexer::inside() {
  const std::size_t spaces = cursor_;
  while (is_template_space(at(cursor_))) ++cursor_;
  const bool trim = cursor_ > spaces && starts(cursor_, "-}}");
  space_ = cursor_ > spaces;
  const std::size_t start = cursor_;
  if (trim || starts(cursor_, "}}")) {
    if (parens_ > 0) return error("unclosed left parenthesis", start);
    cursor_ += trim ? 3 : 2;
    trim_next_ = trim;
    inside_ = false;
    return make(Token::Kind::close, start);
  }
  if (cursor_ >= source_.size()) return error("unclosed action", start);

  const char c = source_[cursor_];
  switch (c) {
    case '"': return quoted();
    case '`': return raw_quoted();
    case '\'': return character();
    case '(':
      ++parens_;
      ++cursor_;
      return make(Token::Kind::left_paren, start);
    case ')':
      if (--parens_ < 0) return error("unexpected right parenthesis", start);
      ++cursor_;
      return make(Token::Kind::right_paren, start);
    case '|': ++cursor_; return make(Token::Kind::pipe, start);
    case ',': ++cursor_; return make(Token::Kind::comma, start);
    case '=': ++cursor_; return make(Token::Kind::assign, start);
    case ':':
      if (at(cursor_ + 1) != '=') return error("expected :=", start);
      cursor_ += 2;
      return make(Token::Kind::declare, start);
    case '$': return word(Token::Kind::variable, 0);
    case '.':
      if (is_digit(at(cursor_ + 1))) return number();
      if (is_word(at(cursor_ + 1))) return word(Token::Kind::field, 1);
      ++cursor_;
      return make(Token::Kind::dot, start);
    default: break;
  }
  if (is_digit(c) || ((c == '-' || c == '+') && (is_digit(at(cursor_ + 1)) || at(cursor_ + 1) == '.'))) return number();
  if (is_word(c)) return word(Token::Kind::identifier, 0);
  return error("unexpected character " + printable(std::string_view(&c, 1)) + " in an action", start);
}

Token Lexer::word(Token::Kind kind, std::size_t skip) {
  const std::size_t start = cursor_;
  cursor_ += std::max<std::size_t>(skip, 1);
  while (is_word(at(cursor_))) ++cursor_;
  return make(kind, start, std::string(source_.substr(start + skip, cursor_ - start - skip)));
}

Token Lexer::number() {
  const std::size_t start = cursor_;
  if (at(cursor_) == '-' || at(cursor_) == '+') ++cursor_;
  const bool hex = at(cursor_) == '0' && to_lower(at(cursor_ + 1)) == 'x';
  while (is_word(at(cursor_)) || at(cursor_) == '.' ||
         (!hex && (at(cursor_) == '-' || at(cursor_) == '+') && to_lower(at(cursor_ - 1)) == 'e')) {
    ++cursor_;
  }
  return make(Token::Kind::number, start, std::string(source_.substr(start, cursor_ - start)));
}

Token Lexer::raw_quoted() {
  const std::size_t start = cursor_;
  const std::size_t end = source_.find('`', start + 1);
  if (end == std::string_view::npos) return error("unterminated raw text", start);
  cursor_ = end + 1;
  return make(Token::Kind::text, start, std::string(source_.substr(start + 1, end - start - 1)));
}

Token Lexer::quoted() {
  const std::size_t start = cursor_++;
  std::string text;
  while (true) {
    if (cursor_ >= source_.size() || source_[cursor_] == '\n') return error("unterminated quoted text", start);
    const char c = source_[cursor_++];
    if (c == '"') return make(Token::Kind::text, start, std::move(text));
    if (c != '\\') {
      text += c;
    } else if (!escape('"', text)) {
      return error("unknown escape sequence", cursor_ - 1);
    }
  }
}

Token Lexer::character() {
  const std::size_t start = cursor_++;
  std::string text;
  while (true) {
    if (cursor_ >= source_.size() || source_[cursor_] == '\n') return error("unterminated character", start);
    const char c = source_[cursor_++];
    if (c == '\'') break;
    if (c != '\\') {
      text += c;
    } else if (!escape('\'', text)) {
      return error("unknown escape sequence", cursor_ - 1);
    }
  }
  std::uint32_t code = 0;
  if (text.empty() || decode_utf8(text, 0, code) != text.size())
    return error("single quotes hold exactly one character", start);
  return make(Token::Kind::character, start, std::to_string(code));
}

bool Lexer::escape(char quote, std::string& out) {
  if (cursor_ >= source_.size()) return false;
  const char c = source_[cursor_++];
  static constexpr std::string_view kNames = "abfnrtv\\";
  static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";
  if (const std::size_t known = kNames.find(c); known != std::string_view::npos) {
    out += kMeanings[known];
    return true;
  }
  if (c == quote) {
    out += c;
    return true;
  }
  int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : c >= '0' && c <= '7' ? 3 : 0;
  const int base = digits == 3 ? 8 : 16;
  if (digits == 0) return false;
  if (digits == 3) --cursor_;
  std::uint64_t code = 0;
  for (; digits > 0; --digits) {
    const int digit = hex_digit(at(cursor_++));
    if (digit < 0 || digit >= base) return false;
    code = code * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
  }
  if (c == 'u' || c == 'U') {
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    append_utf8(static_cast<std::uint32_t>(code), out);
  } else {
    if (code > 255) return false;
    out += static_cast<char>(code);
  }
  return true;
}

}  // namespace sluice::config::templates
