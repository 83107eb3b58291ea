// chars.h: the character classes of RFC 9110 §5.5-5.6 and RFC 3986 §2-3, in one table. All functions are total: they
// take any byte. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::http {

namespace chars {
inline constexpr std::uint8_t kToken = 1;       // tchar: methods, field names, codings
inline constexpr std::uint8_t kValue = 2;       // field content: HTAB, SP, VCHAR, obs-text
inline constexpr std::uint8_t kUnreserved = 4;  // ALPHA DIGIT - . _ ~
inline constexpr std::uint8_t kPath = 8;  // may stand in a path as it is (unreserved, reserved; not '%', '?', '#')
inline constexpr std::uint8_t kKeepEscaped = 16;  // reserved characters and '%': an escape of one is never decoded
inline constexpr std::uint8_t kHost = 32;         // letters, digits, '-', '.', '_'

constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  auto add = [&](std::string_view members, std::uint8_t bits) {
    for (char c : members) table[static_cast<unsigned char>(c)] |= bits;
  };
  for (unsigned c = 0; c < 256; ++c) {
    bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alnum) table[c] |= kToken | kUnreserved | kPath | kHost;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) table[c] |= kValue;
  }
  add("!#$%&'*+-.^_`|~", kToken);
  add("-._~", kUnreserved | kPath);
  add("-._", kHost);
  add(":/[]@!$&'()*+,;=", kPath | kKeepEscaped);
  add("?#%", kKeepEscaped);
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kTable = make_table();

constexpr bool is(char c, std::uint8_t bits) { return (kTable[static_cast<unsigned char>(c)] & bits) != 0; }
constexpr bool all(std::string_view text, std::uint8_t bits) {
  for (char c : text) {
    if (!is(c, bits)) return false;
  }
  return true;
}
}  // namespace chars

constexpr bool is_token(std::string_view text) { return !text.empty() && chars::all(text, chars::kToken); }
// Leading and trailing blanks are the parser's to strip; they are no violation here.
constexpr bool is_field_value(std::string_view text) { return chars::all(text, chars::kValue); }

// Without the blanks (SP, HTAB) around a field value or list element: OWS of RFC 9110 §5.6.3.
constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace sluice::http
