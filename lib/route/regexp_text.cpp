#include "route/regexp_text.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::route {
namespace {

constexpr std::string_view kSpecial = "\\.+*?()|[]{}^$";

bool is_name_start(char c) { return is_alpha(c) || c == '_'; }
bool is_name_char(char c) { return is_name_start(c) || is_digit(c) || c == '-'; }

// True if `rest`, which begins with a brace, begins with {name} or {name:
bool begins_template(std::string_view rest) {
  if (rest.size() < 3 || !is_name_start(rest[1])) return false;
  std::size_t end = 2;
  while (end < rest.size() && is_name_char(rest[end])) ++end;
  return end < rest.size() && (rest[end] == '}' || rest[end] == ':');
}

// True if a choice (a | b) is not inside parentheses.
bool has_outer_choice(std::string_view regexp) {
  RegexpWalker walker(regexp);
  std::size_t depth = 0;
  for (std::string_view unit = walker.next(); !unit.empty(); unit = walker.next()) {
    if (unit == "(") ++depth;
    if (unit == ")" && depth > 0) --depth;
    if (unit == "|" && depth == 0) return true;
  }
  return false;
}

void drop_last_character(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
}

// The end of the brace piece that begins `text`, or nothing.
std::size_t closing_brace(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

std::string_view any_piece(TemplateKind kind) {
  if (kind == TemplateKind::host) return "[^.]+";
  return kind == TemplateKind::query ? ".*" : "[^/]+";
}

}  // namespace

std::string_view RegexpWalker::next() {
  std::string_view rest = regexp_.substr(at_);
  if (rest.empty()) return {};
  std::size_t size = rest[0] == '\\' ? escape_size(rest) : rest[0] == '[' ? class_size(rest) : 1;
  at_ += size;
  return rest.substr(0, size);
}

std::size_t RegexpWalker::escape_size(std::string_view rest) {
  if (rest.size() < 3) return rest.size();
  bool braces = (rest[1] == 'p' || rest[1] == 'P' || rest[1] == 'x') && rest[2] == '{';
  if (!braces) return 2;
  std::size_t end = rest.find('}');
  return end == std::string_view::npos ? rest.size() : end + 1;
}

std::size_t RegexpWalker::class_size(std::string_view rest) const {
  std::size_t i = 1;
  if (i < rest.size() && rest[i] == '^') ++i;
  if (i < rest.size() && rest[i] == ']') ++i;  // a bracket in first place is a member
  while (i < rest.size() && rest[i] != ']') {
    if (rest[i] == '\\') {
      i += escape_size(rest.substr(i));
    } else if (rest.substr(i).starts_with("[:")) {
      std::size_t end = rest.find(":]", i + 2);
      i = end == std::string_view::npos ? i + 1 : end + 2;
    } else {
      ++i;
    }
  }
  return std::min(i + 1, rest.size());
}

Literal leading_literal(std::string_view regexp) {
  Literal literal;
  // \Q…\E quotes, and U+FFFD also stands for bytes that are not UTF-8 (pattern.h).
  bool unclear = regexp.find("\\Q") != std::string_view::npos || regexp.find("\xef\xbf\xbd") != std::string_view::npos;
  if (unclear || has_outer_choice(regexp)) return literal;
  RegexpWalker walker(regexp);
  std::string_view unit = walker.next();
  if (unit == "^") {
    literal.at_start = true;
    unit = walker.next();
  }
  for (; !unit.empty(); unit = walker.next()) {
    if (unit.size() == 2 && unit[0] == '\\' && static_cast<unsigned char>(unit[1]) < 0x80 && !is_alpha(unit[1]) &&
        !is_digit(unit[1])) {
      literal.text += unit[1];
    } else if (unit.size() == 1 && kSpecial.find(unit[0]) == std::string_view::npos) {
      literal.text += unit[0];
    } else {
      break;
    }
  }
  std::string_view rest = regexp.substr(walker.position() - unit.size());
  if (!rest.empty() && std::string_view("*+?{").find(rest[0]) != std::string_view::npos) {
    drop_last_character(literal.text);
    return literal;
  }
  literal.at_end = rest == "$";
  literal.whole = rest.empty() || literal.at_end || rest == ".*";  // any or no text behind changes nothing
  return literal;
}

std::string with_portable_groups(std::string_view regexp) {
  std::string out;
  RegexpWalker walker(regexp);
  for (std::string_view unit = walker.next(); !unit.empty(); unit = walker.next()) {
    std::string_view rest = regexp.substr(walker.position());
    out += unit;
    if (unit == "(" && rest.size() > 2 && rest.starts_with("?<") && is_name_start(rest[2])) {
      out += "?P";
      walker.next();
    }
  }
  return out;
}

std::string quote_regexp(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

bool has_template(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' && begins_template(text.substr(i))) return true;
  }
  return false;
}

bool has_template_in_regexp(std::string_view regexp) {
  RegexpWalker walker(regexp);
  for (std::string_view unit = walker.next(); !unit.empty(); unit = walker.next()) {
    if (unit == "{" && begins_template(regexp.substr(walker.position() - 1))) return true;
  }
  return false;
}

std::optional<std::string> template_to_regexp(std::string_view text, TemplateKind kind, std::string& error) {
  bool host = kind == TemplateKind::host;
  std::string out = "^";
  while (!text.empty()) {
    std::size_t open = text.find_first_of("{}");
    std::string_view literal = text.substr(0, open);
    out += quote_regexp(host ? lowered(literal) : std::string(literal));
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    std::size_t close = text[0] == '{' ? closing_brace(text) : std::string_view::npos;
    if (close == std::string_view::npos) {
      error = "the braces are not balanced";
      return std::nullopt;
    }
    std::string_view piece = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    std::size_t colon = piece.find(':');
    std::string_view regexp = colon == std::string_view::npos ? any_piece(kind) : piece.substr(colon + 1);
    if (piece.substr(0, colon).empty() || regexp.empty()) {
      error = "a piece in braces has no name or no expression";
      return std::nullopt;
    }
    bool fold = host && std::any_of(regexp.begin(), regexp.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    bool group = fold || regexp.find_first_of("|\\(") != std::string_view::npos;
    out += group ? (fold ? "(?i:" : "(?:") + std::string(regexp) + ")" : std::string(regexp);
  }
  if (kind != TemplateKind::path_prefix) out += "$";
  return out;
}

}  // namespace sluice::route
