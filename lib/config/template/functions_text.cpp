// sprig's text functions, and Traefik's `normalize`. They count and cut bytes, as Go's strings package does.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/template/format.h"
#include "config/template/functions.h"
#include "config/template/limits.h"
#include "config/template/utf8.h"

namespace sluice::config::templates {

namespace {

std::string replace_all(std::string_view text, std::string_view old, std::string_view with, Call& call) {
  std::string out;
  std::size_t i = 0;
  while (call.spend_bytes(with.size())) {
    // An empty `old` is found before every character and at the end.
    std::uint32_t code = 0;
    std::size_t found = old.empty() ? i : text.find(old, i);
    if (found == std::string_view::npos) break;
    out += text.substr(i, found - i);
    out += with;
    i = found + old.size();
    if (!old.empty()) continue;
    if (i >= text.size()) return out;
    const std::size_t length = std::max<std::size_t>(decode_utf8(text, i, code), 1);
    out += text.substr(i, length);
    i += length;
  }
  out += text.substr(i);
  return out;
}

Value upper(Call& call) { return uppered(call.text(0)); }
Value lower(Call& call) { return lowered(call.text(0)); }
Value trim_space(Call& call) { return trim(call.text(0)); }

std::string_view strip(std::string_view text, std::string_view set) {
  const std::size_t first = text.find_first_not_of(set);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(set) - first + 1);
}

Value trim_all(Call& call) {
  const std::string& set = call.text(0);
  return strip(call.text(1), set);
}
Value trim_prefix(Call& call) {
  std::string_view prefix = call.text(0);
  std::string_view text = call.text(1);
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}
Value trim_suffix(Call& call) {
  std::string_view suffix = call.text(0);
  std::string_view text = call.text(1);
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}
Value contains(Call& call) {
  const std::string& part = call.text(0);
  return call.text(1).find(part) != std::string::npos;
}
Value has_prefix(Call& call) {
  const std::string& prefix = call.text(0);
  return call.text(1).starts_with(prefix);
}
Value has_suffix(Call& call) {
  const std::string& suffix = call.text(0);
  return call.text(1).ends_with(suffix);
}
Value replace(Call& call) {
  const std::string& old = call.text(0);
  const std::string& with = call.text(1);
  return replace_all(call.text(2), old, with, call);
}

Value title(Call& call) {
  std::string text = call.text(0);
  bool word = false;
  for (char& c : text) {
    if (!word) c = to_upper(c);
    word = is_alpha(c) || is_digit(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0;
  }
  return text;
}

Value repeat(Call& call) {
  const std::int64_t count = call.integer(0);
  const std::string& text = call.text(1);
  if (count < 0) return call.fail("wants a count that is not negative");
  if (call.failed() || text.empty()) return "";
  if (static_cast<std::uint64_t>(count) > kMaxOutput ||
      !call.spend_bytes(static_cast<std::uint64_t>(count) * text.size())) {
    return call.fail("the text is too long");
  }
  std::string out;
  for (std::int64_t i = 0; i < count; ++i) out += text;
  return out;
}

Value substr(Call& call) {
  const std::int64_t start = call.integer(0);
  const std::int64_t end = call.integer(1);
  std::string_view text = call.text(2);
  const auto size = static_cast<std::int64_t>(text.size());
  const std::int64_t from = start < 0 ? 0 : start;
  const std::int64_t to = start >= 0 && (end < 0 || end > size) ? size : end;
  if (to < from || to > size) return call.fail("bounds out of range");
  return text.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
}

Value trunc(Call& call) {
  const std::int64_t count = call.integer(0);
  std::string_view text = call.text(1);
  const auto size = static_cast<std::int64_t>(text.size());
  if (count < 0 && size + count > 0) return text.substr(static_cast<std::size_t>(size + count));
  if (count >= 0 && size > count) return text.substr(0, static_cast<std::size_t>(count));
  return text;
}

Value nospace(Call& call) {
  std::string text = call.text(0);
  std::erase_if(text, is_space);
  return text;
}

Value indent(Call& call) {
  const std::int64_t count = call.integer(0);
  const std::string& text = call.text(1);
  if (count < 0 || count > 1000) return call.fail("wants 0 to 1000 spaces");
  const std::string pad(static_cast<std::size_t>(count), ' ');
  return pad + replace_all(text, "\n", "\n" + pad, call);
}
Value nindent(Call& call) {
  Value text = indent(call);
  return text.as_text() == nullptr ? Value() : Value("\n" + *text.as_text());
}

Value quote(Call& call) {
  std::string out;
  for (Value& value : call.from(0)) {
    if (value.is_null()) continue;
    if (!out.empty()) out += ' ';
    const std::string text = display(value, call.budget());
    if (!call.spend_bytes(text.size() * 4)) return {};
    out += go_quote(text);
  }
  return out;
}
Value squote(Call& call) {
  std::string out;
  for (Value& value : call.from(0)) {
    if (value.is_null()) continue;
    if (!out.empty()) out += ' ';
    out += '\'' + display(value, call.budget()) + '\'';
  }
  return out;
}
Value cat(Call& call) {
  std::string out;
  bool first = true;
  for (Value& value : call.from(0)) {
    if (value.is_null()) continue;
    if (!std::exchange(first, false)) out += ' ';
    out += display(value, call.budget());
  }
  return out;
}

// sprig's split gives a map: _0, _1, …
Value numbered(const Value& pieces) {
  Value::Entries entries;
  if (pieces.as_list() != nullptr) {
    for (const Value& piece : *pieces.as_list()) entries.emplace(fmt::format("_{}", entries.size()), piece);
  }
  return Value::texts(std::move(entries));
}
Value split_map(Call& call) {
  const std::string& separator = call.text(0);
  return numbered(split_text(call.text(1), separator, -1, call));
}
Value split_n(Call& call) {
  const std::string& separator = call.text(0);
  const std::int64_t most = call.integer(1);
  return numbered(split_text(call.text(2), separator, most, call));
}
Value split_list(Call& call) {
  const std::string& separator = call.text(0);
  return split_text(call.text(1), separator, -1, call);
}

Value join(Call& call) {
  const std::string& separator = call.text(0);
  const std::vector<Value>* items = call[1].as_list();
  if (items == nullptr) return call[1].is_null() ? Value("") : Value(display(call[1], call.budget()));
  std::string out;
  bool first = true;
  for (const Value& item : *items) {
    if (item.is_null()) continue;
    if (!call.spend_bytes(separator.size())) return {};
    if (!std::exchange(first, false)) out += separator;
    out += display(item, call.budget());
  }
  return out;
}

Value to_string(Call& call) { return display(call[0], call.budget()); }
Value normalize_name(Call& call) { return normalize(call.text(0)); }

constexpr Function kTextFunctions[] = {
    {"upper", 1, 1, upper},
    {"lower", 1, 1, lower},
    {"title", 1, 1, title},
    {"trim", 1, 1, trim_space},
    {"trimAll", 2, 2, trim_all},
    {"trimall", 2, 2, trim_all},
    {"trimPrefix", 2, 2, trim_prefix},
    {"trimSuffix", 2, 2, trim_suffix},
    {"contains", 2, 2, contains},
    {"hasPrefix", 2, 2, has_prefix},
    {"hasSuffix", 2, 2, has_suffix},
    {"replace", 3, 3, replace},
    {"repeat", 2, 2, repeat},
    {"substr", 3, 3, substr},
    {"trunc", 2, 2, trunc},
    {"nospace", 1, 1, nospace},
    {"indent", 2, 2, indent},
    {"nindent", 2, 2, nindent},
    {"quote", 0, -1, quote},
    {"squote", 0, -1, squote},
    {"cat", 0, -1, cat},
    {"split", 2, 2, split_map},
    {"splitn", 3, 3, split_n},
    {"splitList", 2, 2, split_list},
    {"join", 2, 2, join},
    {"toString", 1, 1, to_string},
    {"normalize", 1, 1, normalize_name},
};

}  // namespace

std::string normalize(std::string_view name) {
  std::string out;
  bool gap = false;
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t length = decode_utf8(name, i, code);
    // Beyond ASCII everything counts as a letter but controls, signs of Latin-1, general punctuation and CJK spaces.
    const bool word = length > 1 ? code >= 0xC0 && code != 0xD7 && code != 0xF7 && (code < 0x2000 || code > 0x2BFF) &&
                                       (code < 0x3000 || code > 0x303F)
                                 : length == 1 && (is_alpha(name[i]) || is_digit(name[i]));
    const std::size_t step = std::max<std::size_t>(length, 1);
    if (word) {
      if (std::exchange(gap, false) && !out.empty()) out += '-';
      out += name.substr(i, step);
    } else {
      gap = true;
    }
    i += step;
  }
  return out;
}

std::span<const Function> text_functions() { return kTextFunctions; }

}  // namespace sluice::config::templates
