#include "http/target.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/text.h"
#include "http/chars.h"

namespace sluice::http {

namespace {

// What a raw byte of a target calls for; bits, so that one pass can collect them.
constexpr std::uint8_t kEscape = 1;      // '%'
constexpr std::uint8_t kEncode = 2;      // not a URI character: becomes an escape
constexpr std::uint8_t kBad = 4;         // control bytes, space, DEL, backslash
constexpr std::uint8_t kFragment = 8;    // '#'
constexpr std::uint8_t kSegments = 16;   // an empty segment, or one that begins with a dot
constexpr std::uint8_t kSemicolon = 32;  // only looked at in queries

constexpr std::array<std::uint8_t, 256> make_path_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    if (c <= 0x20 || c == 0x7f || c == '\\') {
      table[c] = kBad;
    } else if (!chars::is(static_cast<char>(c), chars::kPath)) {
      table[c] = kEncode;
    }
  }
  table['%'] = kEscape;
  table['#'] = kFragment;
  return table;
}
constexpr std::array<std::uint8_t, 256> kPathTable = make_path_table();

// In a query even a backslash and a lone '%' pass: browsers send them, and nobody takes a query for a path.
constexpr std::array<std::uint8_t, 256> make_query_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = c <= 0x20 || c == 0x7f ? kBad : c >= 0x80 ? kEncode : 0;
  table['#'] = kFragment;
  table[';'] = kSemicolon;
  return table;
}
constexpr std::array<std::uint8_t, 256> kQueryTable = make_query_table();

std::uint8_t lookup(const std::array<std::uint8_t, 256>& table, char c) { return table[static_cast<unsigned char>(c)]; }

char* append_escape(char* to, unsigned char byte) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  to[0] = '%';
  to[1] = kHex[byte >> 4];
  to[2] = kHex[byte & 15];
  return to + 3;
}

// The byte that the escape at `at` stands for, or -1.
int escaped_byte(std::string_view text, std::size_t at) {
  if (text.size() - at < 3) return -1;
  int high = hex_digit(text[at + 1]);
  int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Unreserved escapes decoded, the others in upper case, raw bytes outside of URIs escaped.
NormalPath rewrite_escapes(std::string_view path, const TargetOptions& options, Arena& arena) {
  char* begin = arena.array<char>(path.size() * 3);
  char* to = begin;
  for (std::size_t i = 0; i < path.size(); ++i) {
    std::uint8_t kind = lookup(kPathTable, path[i]);
    if (kind == kEscape) {
      int byte = escaped_byte(path, i);
      if (byte < 0) return {Reason::target_escape, {}};
      if (byte == 0 && !options.allow_encoded_null) return {Reason::target_null, {}};
      i += 2;
      if (chars::is(static_cast<char>(byte), chars::kUnreserved)) {
        *to++ = static_cast<char>(byte);
      } else {
        to = append_escape(to, static_cast<unsigned char>(byte));
      }
    } else if (kind == kEncode) {
      to = append_escape(to, static_cast<unsigned char>(path[i]));
    } else {
      *to++ = path[i];
    }
  }
  return {Reason::none, {begin, static_cast<std::size_t>(to - begin)}};
}

// ".;x" and "..;x": a server that knows path parameters takes them for dot segments, everybody else for names. There is
// no reading that both share, so they are refused, also with the semicolon escaped.
bool is_dot_with_parameter(std::string_view segment) {
  std::size_t dots = segment.starts_with("..") ? 2 : segment.starts_with(".") ? 1 : 0;
  std::string_view rest = segment.substr(dots);
  return dots != 0 && (rest.starts_with(';') || rest.starts_with("%3B"));
}

// RFC 3986 §5.2.4, with empty segments left out. `to` has room for path.size() bytes and may be the path itself.
NormalPath resolve_segments(std::string_view path, bool sanitize, char* begin) {
  char* to = begin;
  bool ends_in_slash = false;
  for (std::size_t at = 1; at <= path.size();) {
    std::size_t end = std::min(path.find('/', at), path.size());
    std::string_view segment = path.substr(at, end - at);
    if (is_dot_with_parameter(segment)) return {Reason::target_dot_segment, {}};
    at = end + 1;
    if (!sanitize) continue;
    ends_in_slash = segment.empty() || segment == "." || segment == "..";
    if (segment == "..") {
      while (to > begin && *--to != '/') {
      }
    } else if (!ends_in_slash) {
      *to++ = '/';
      std::memmove(to, segment.data(), segment.size());
      to += segment.size();
    }
  }
  if (!sanitize) return {Reason::none, path};
  if (ends_in_slash) *to++ = '/';
  return {Reason::none, {begin, static_cast<std::size_t>(to - begin)}};
}

Reason read_query(std::string_view query, const TargetOptions& options, Arena& arena, Target& target) {
  std::uint8_t seen = 0;
  for (char c : query) seen |= lookup(kQueryTable, c);
  if ((seen & kBad) != 0) return Reason::target_byte;
  if ((seen & kFragment) != 0) return Reason::target_fragment;
  std::uint8_t encode = options.encode_query_semicolons ? kEncode | kSemicolon : kEncode;
  target.query = query;
  target.has_query = true;
  if ((seen & encode) == 0) return Reason::none;
  char* begin = arena.array<char>(query.size() * 3);
  char* to = begin;
  for (char c : query) {
    if ((lookup(kQueryTable, c) & encode) != 0) {
      to = append_escape(to, static_cast<unsigned char>(c));
    } else {
      *to++ = c;
    }
  }
  target.query = {begin, static_cast<std::size_t>(to - begin)};
  return Reason::none;
}

}  // namespace

NormalPath normalize_path(std::string_view path, const TargetOptions& options, Arena& arena) {
  if (path.empty() || path[0] != '/') return {Reason::target_form, {}};
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    seen |= lookup(kPathTable, path[i]);
    if (path[i] == '/' && i + 1 < path.size() && (path[i + 1] == '/' || path[i + 1] == '.')) seen |= kSegments;
  }
  if ((seen & kBad) != 0) return {Reason::target_byte, {}};
  if ((seen & kFragment) != 0) return {Reason::target_fragment, {}};
  if (seen == 0) return {Reason::none, path};
  char* buffer = nullptr;
  if ((seen & (kEscape | kEncode)) != 0) {
    NormalPath rewritten = rewrite_escapes(path, options, arena);
    if (rewritten.reason != Reason::none) return rewritten;
    path = rewritten.path;
    buffer = const_cast<char*>(path.data());
  } else {
    buffer = arena.array<char>(path.size());
  }
  return resolve_segments(path, options.sanitize, buffer);
}

std::string_view match_form(std::string_view path, Arena& arena) {
  std::size_t first = path.find('%');
  if (first == std::string_view::npos) return path;
  char* begin = arena.array<char>(path.size());
  char* to = begin;
  for (std::size_t i = 0; i < path.size(); ++i) {
    int byte = path[i] == '%' ? escaped_byte(path, i) : -1;
    if (byte >= 0 && !chars::is(static_cast<char>(byte), chars::kKeepEscaped)) {
      *to++ = static_cast<char>(byte);
      i += 2;
    } else {
      *to++ = path[i];
    }
  }
  return {begin, static_cast<std::size_t>(to - begin)};
}

Reason replace_path(Target& target, std::string_view path, const TargetOptions& options, Arena& arena) {
  NormalPath normal = normalize_path(path, options, arena);
  if (normal.reason != Reason::none) return normal.reason;
  target.path = normal.path;
  target.match_path = match_form(normal.path, arena);
  return Reason::none;
}

Reason read_target(std::string_view raw, const TargetOptions& options, Arena& arena, Target& target) {
  target = Target{};
  target.raw = raw;
  std::size_t question = raw.find('?');
  Reason reason = replace_path(target, raw.substr(0, question), options, arena);
  if (reason != Reason::none || question == std::string_view::npos) return reason;
  return read_query(raw.substr(question + 1), options, arena, target);
}

bool allowed(std::string_view path, const EncodedCharacters& characters) {
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    bool allow = true;
    switch (escaped_byte(path, at)) {
      case '/': allow = characters.allow_slash; break;
      case '\\': allow = characters.allow_backslash; break;
      case '\0': allow = characters.allow_null; break;
      case ';': allow = characters.allow_semicolon; break;
      case '%': allow = characters.allow_percent; break;
      case '?': allow = characters.allow_question_mark; break;
      case '#': allow = characters.allow_hash; break;
      default: break;
    }
    if (!allow) return false;
  }
  return true;
}

}  // namespace sluice::http
