// chars.h: the character classes of RFC 9110 §5.5-5.6 and RFC 3986 §2-3, in one table. All functions are total: they
// take any byte. Pure; any thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::http {

namespace chars {
inline constexpr std::uint8_t kToken = 1;       // tchar: methods, field names, codings
inline constexpr std::uint8_t kValue = 2;       // field content: HTAB, SP, VCHAR, obs-text
inline constexpr std::uint8_t kUnreserved = 4;  // ALPHA DIGIT - . _ ~
inline constexpr std::uint8_t kPath = 8;  // may stand in a path as it is (unreserved, reserved; not '%', '?', '#')
inline constexpr std::uint8_t kKeepEscaped = 16;  // reserved characters and '%': an escape of one is never decoded
inline constexpr std::uint8_t kHost = 32;         // letters, digits, '-', '.', '_'
inline constexpr std::uint8_t kUpper = 64;        // A to Z
inline constexpr std::uint8_t kUnderscore = 128;  // '_' alone

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
  add("ABCDEFGHIJKLMNOPQRSTUVWXYZ", kUpper);
  add("_", kUnderscore);
  add(":/[]@!$&'()*+,;=", kPath | kKeepEscaped);
  add("?#%", kKeepEscaped);
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kTable = make_table();

inline constexpr std::uint64_t kEachByte = 0x0101010101010101u;

// Non-zero when one of the eight bytes of `word` is below `limit` (at most 0x80) or is DEL. It may also be non-zero for
// a byte next to one of those, never for a word without any: what follows is the exact test.
template <unsigned char limit>
constexpr std::uint64_t control_bytes(std::uint64_t word) {
  return ((word - kEachByte * limit) | (word + kEachByte)) & ~word & (kEachByte * 0x80);
}

// The index in memory of the first byte of a word that is not zero.
constexpr int first_byte(std::uint64_t word) {
  return (std::endian::native == std::endian::little ? std::countr_zero(word) : std::countl_zero(word)) / 8;
}

constexpr std::uint8_t of(char c) { return kTable[static_cast<unsigned char>(c)]; }
constexpr bool is(char c, std::uint8_t bits) { return (of(c) & bits) != 0; }
constexpr bool all(std::string_view text, std::uint8_t bits) {
  for (char c : text) {
    if (!is(c, bits)) return false;
  }
  return true;
}
}  // namespace chars

constexpr bool is_token(std::string_view text) { return !text.empty() && chars::all(text, chars::kToken); }
// The first byte in [at, end) that cannot stand in a field name, or `end`; `seen` gains kUnderscore if there is one.
// Names are letters and dashes but for rare exceptions, so those are passed eight at a time.
inline const char* end_of_name(const char* at, const char* end, std::uint8_t& seen) {
  constexpr std::uint64_t kHigh = chars::kEachByte * 0x80;
  std::uint64_t word;
  while (end - at >= static_cast<std::ptrdiff_t>(sizeof word)) {
    std::memcpy(&word, at, sizeof word);
    // Additions that cannot carry from byte to byte, because all bytes are below 0x80 in front of them.
    std::uint64_t low = word & ~kHigh;
    std::uint64_t lower = low | (chars::kEachByte * 0x20);
    std::uint64_t letters = (lower + chars::kEachByte * (0x80 - 'a')) & ~(lower + chars::kEachByte * (0x7f - 'z'));
    std::uint64_t dashes = ~((low ^ (chars::kEachByte * '-')) + chars::kEachByte * 0x7f);
    std::uint64_t other = (~(letters | dashes) | word) & kHigh;
    if (other == 0) {
      at += sizeof word;
      continue;
    }
    at += chars::first_byte(other);
    if (!chars::is(*at, chars::kToken)) return at;
    seen |= chars::of(*at++);
  }
  for (; at < end && chars::is(*at, chars::kToken); ++at) seen |= chars::of(*at);
  return at;
}

// The first byte in [at, end) that cannot stand in a field value (RFC 9110 §5.5), or `end`.
inline const char* end_of_value(const char* at, const char* end) {
  std::uint64_t word;
  while (end - at >= static_cast<std::ptrdiff_t>(sizeof word)) {
    std::memcpy(&word, at, sizeof word);
    std::uint64_t found = chars::control_bytes<0x20>(word);
    if (found == 0) {
      at += sizeof word;
      continue;
    }
    at += chars::first_byte(found);
    if (!chars::is(*at, chars::kValue)) return at;
    ++at;  // a tab
  }
  while (at < end && chars::is(*at, chars::kValue)) ++at;
  return at;
}
// Blanks at the ends are the parser's to strip; they are no violation here.
inline bool is_field_value(std::string_view text) {
  return end_of_value(text.data(), text.data() + text.size()) == text.data() + text.size();
}

// Without the blanks (SP, HTAB) around a field value or list element: OWS of RFC 9110 §5.6.3.
constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace sluice::http
