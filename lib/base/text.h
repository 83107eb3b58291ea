// text.h: ASCII text. HTTP, rules and configuration keys compare letters without regard to case or locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
// The value of a hexadecimal digit, or -1.
constexpr int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  c = to_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool iequals(std::string_view a, std::string_view b);
bool istarts_with(std::string_view text, std::string_view prefix);
std::string lowered(std::string_view text);
std::string uppered(std::string_view text);

// Without white space (is_space) at both ends.
std::string_view trim(std::string_view text);
// The pieces between separators; "a,,b" gives three. Empty text gives one empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);
// As split, but pieces are trimmed and empty ones left out: the list syntax of flags and labels.
std::vector<std::string> split_list(std::string_view text, char separator = ',');

// A whole decimal number without sign, space or overflow; nothing otherwise.
std::optional<std::uint64_t> parse_u64(std::string_view text);
std::optional<std::int64_t> parse_i64(std::string_view text);

// The number of single-letter edits (insert, delete, replace, swap neighbours) between the two, ignoring case.
// Used to name the nearest valid option.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Control bytes and invalid UTF-8 as \xNN, cut after `limit` bytes: text of a stranger, safe in a log line.
std::string printable(std::string_view text, std::size_t limit = 8192);

// For unordered_map<std::string, …, TextHash, std::equal_to<>>: look up by string_view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

}  // namespace sluice
