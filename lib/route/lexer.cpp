#include "route/lexer.h"

#include "base/text.h"

namespace sluice::route {
namespace {

constexpr std::string_view kOpeningQuote = "\xe2\x80\x98";  // typographic quotes, from word processors
constexpr std::string_view kClosingQuote = "\xe2\x80\x99";
constexpr std::string_view kOpeningDouble = "\xe2\x80\x9c";
constexpr std::string_view kClosingDouble = "\xe2\x80\x9d";

bool ends_word(char c) { return is_space(c) || std::string_view("(),!&|`\"'").find(c) != std::string_view::npos; }

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

}  // namespace

Token Lexer::next() {
  while (at_ < rule_.size() && is_space(rule_[at_])) ++at_;
  std::size_t start = at_;
  if (at_ == rule_.size()) return Token{Token::Kind::end, start, {}};

  char c = rule_[at_];
  std::string_view rest = rule_.substr(at_);
  switch (c) {
    case '(': ++at_; return Token{Token::Kind::open, start, "("};
    case ')': ++at_; return Token{Token::Kind::close, start, ")"};
    case ',': ++at_; return Token{Token::Kind::comma, start, ","};
    case '!': ++at_; return Token{Token::Kind::negation, start, "!"};
    case '&':
    case '|': {
      if (rest.size() < 2 || rest[1] != c) {
        return invalid(start, std::string("a single ") + c, std::string("write ") + c + c);
      }
      at_ += 2;
      return Token{c == '&' ? Token::Kind::all : Token::Kind::any, start, std::string(2, c)};
    }
    case '`': return raw_text(start);
    case '"': return escaped_text(start);
    case '\'': return wrong_quote(start, 1, "'");
    default: break;
  }
  if (rest.starts_with(kOpeningQuote)) return wrong_quote(start, kOpeningQuote.size(), kClosingQuote);
  if (rest.starts_with(kOpeningDouble)) return wrong_quote(start, kOpeningDouble.size(), kClosingDouble);
  return word(start);
}

Token Lexer::raw_text(std::size_t start) {
  std::size_t end = rule_.find('`', start + 1);
  if (end == std::string_view::npos) {
    return invalid(start, "the text that begins here has no closing back-tick", "put a back-tick (`) behind it");
  }
  at_ = end + 1;
  Token token{Token::Kind::text, start, std::string(rule_.substr(start + 1, end - start - 1))};
  std::erase(token.value, '\r');  // rules from files with DOS line ends
  return token;
}

Token Lexer::escaped_text(std::size_t start) {
  Token token{Token::Kind::text, start, {}};
  for (++at_; at_ < rule_.size() && rule_[at_] != '\n';) {
    char c = rule_[at_++];
    if (c == '"') return token;
    if (c != '\\') {
      token.value += c;
      continue;
    }
    std::size_t backslash = at_ - 1;
    if (!escape(token.value)) {
      return invalid(backslash, "no such escape in double quotes",
                     "use back-ticks (`) around the text, where a backslash is just a backslash");
    }
  }
  return invalid(start, "the text that begins here has no closing double quote", "put a double quote (\") behind it");
}

bool Lexer::escape(std::string& out) {
  if (at_ == rule_.size()) return false;
  char c = rule_[at_++];
  constexpr std::string_view kNames = "abfnrtv\\\"";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"";
  if (std::size_t found = kNames.find(c); found != std::string_view::npos) {
    out += kMeanings[found];
    return true;
  }
  std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  unsigned base = 16;
  if (digits == 0) {  // \123
    digits = 3;
    base = 8;
    --at_;
  }
  std::uint64_t code = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    int digit = at_ < rule_.size() ? hex_digit(rule_[at_]) : -1;
    if (digit < 0 || static_cast<unsigned>(digit) >= base) return false;
    code = code * base + static_cast<unsigned>(digit);
    ++at_;
  }
  if (digits <= 3) {  // a byte
    if (code > 0xff) return false;
    out += static_cast<char>(code);
    return true;
  }
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
  append_utf8(out, static_cast<unsigned>(code));
  return true;
}

Token Lexer::word(std::size_t start) {
  while (at_ < rule_.size() && !ends_word(rule_[at_])) ++at_;
  return Token{Token::Kind::word, start, std::string(rule_.substr(start, at_ - start))};
}

Token Lexer::wrong_quote(std::size_t start, std::size_t width, std::string_view closing) {
  std::string_view text = rule_.substr(start + width);
  std::size_t end = text.find(closing);
  std::string example = end == std::string_view::npos ? "" : ": `" + printable(text.substr(0, end), 200) + "`";
  std::string what = width == 1 ? "single quotes cannot hold text" : "typographic quotes cannot hold text";
  return invalid(start, what, "use back-ticks" + example);
}

Token Lexer::invalid(std::size_t offset, std::string what, std::string fix) {
  problem_ = RuleProblem{std::move(what), offset, std::move(fix)};
  return Token{Token::Kind::invalid, offset, {}};
}

}  // namespace sluice::route
