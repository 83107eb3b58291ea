#include "middleware/path_rewriting.h"

#include <algorithm>

#include "base/text.h"
#include "http/chars.h"
#include "http/target.h"
#include "middleware/own_fields.h"

namespace sluice::middleware {
namespace {

http::TargetOptions keep_segments() {
  http::TargetOptions options;
  options.sanitize = false;
  return options;
}

// With a leading slash, and blanks, which people write in options, as escapes.
std::string_view tidied(Arena& arena, std::string_view path) {
  if (path.starts_with('/') && path.find(' ') == std::string_view::npos) return path;
  char* begin = arena.array<char>(1 + path.size() * 3);
  char* to = begin;
  if (!path.starts_with('/')) *to++ = '/';
  for (char c : path) {
    if (c != ' ') {
      *to++ = c;
    } else {
      to = std::copy_n("%20", 3, to);
    }
  }
  return {begin, static_cast<std::size_t>(to - begin)};
}

}  // namespace

std::optional<std::string> path_option(std::string_view text) {
  Arena arena;
  http::NormalPath normal = http::normalize_path(tidied(arena, text), keep_segments(), arena);
  if (normal.reason != http::Reason::none) return std::nullopt;
  return std::string(normal.path);
}

std::string_view escaped_front(std::string_view path, std::size_t count) {
  std::size_t at = 0;
  while (count > 0 && at < path.size()) {
    // As match_form: escapes of reserved characters stay as they are, all others are one byte.
    bool decoded = false;
    if (path[at] == '%' && path.size() - at >= 3) {
      int byte = hex_digit(path[at + 1]) * 16 + hex_digit(path[at + 2]);
      decoded = !http::chars::is(static_cast<char>(byte), http::chars::kKeepEscaped);
    }
    at += decoded ? 3 : 1;
    --count;
  }
  return path.substr(0, at);
}

std::uint16_t rewrite_path(http::Request& request, std::string_view path) {
  http::NormalPath normal = http::normalize_path(tidied(request.arena, path), keep_segments(), request.arena);
  if (normal.reason == http::Reason::target_escape) return 500;
  if (normal.reason != http::Reason::none) return 400;
  http::NormalPath clean = http::normalize_path(normal.path, http::TargetOptions(), request.arena);
  if (clean.reason != http::Reason::none || clean.path != normal.path) return 400;
  request.target.path = normal.path;
  request.target.match_path = http::match_form(normal.path, request.arena);
  return 0;
}

std::uint16_t strip_prefix(http::Request& request, std::string_view prefix) {
  std::string_view path = request.target.path;
  std::uint16_t refused = rewrite_path(request, path.substr(escaped_front(path, prefix.size()).size()));
  if (refused == 0) request.fields.add(http::FieldId::x_forwarded_prefix, prefix);
  return refused;
}

void note_replaced_path(http::Request& request) {
  set_own_field(request.fields, "X-Replaced-Path", request.target.path);
}

}  // namespace sluice::middleware
