#include "observe/log_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "base/text.h"
#include "observe/utf8.h"

namespace sluice::log {

namespace {

constexpr std::string_view kGray = "\x1b[90m";
constexpr std::string_view kCyan = "\x1b[36m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";

struct Look {
  std::string_view name;
  std::string_view color;
};
constexpr Look kLooks[] = {{"TRC", "\x1b[34m"},   {"DBG", ""},           {"INF", "\x1b[32m"},  {"WRN", "\x1b[33m"},
                           {"ERR", "\x1b[1;31m"}, {"FTL", "\x1b[1;31m"}, {"PNC", "\x1b[1;31m"}};

void append_colored(std::string& out, std::string_view text, std::string_view color) {
  out += color;
  out += text;
  if (!color.empty()) out += kPlain;
}

// As it is when it is one plain word, in double quotes otherwise.
void append_value(std::string& out, std::string_view value) {
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '=';
  });
  if (plain) {
    out += value;
    return;
  }
  out += '"';
  std::size_t from = 0;
  while (from <= value.size()) {
    const std::size_t special = std::min(value.find_first_of("\"\\\n\r\t", from), value.size());
    if (special > from) out += printable(value.substr(from, special - from));
    if (special == value.size()) break;
    const char c = value[special];
    out += '\\';
    out += c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c;
    from = special + 1;
  }
  out += '"';
}

std::string error_text(const Error& error) {
  std::string text(error.text.empty() ? to_string(error.code) : error.text);
  if (error.sys != 0) text += fmt::format(": {}", std::strerror(error.sys));
  if (!error.text.empty()) text += fmt::format(" ({})", to_string(error.code));
  return text;
}

}  // namespace

std::string Field::value() const {
  switch (kind_) {
    case Kind::integer: return std::to_string(number_);
    case Kind::truth: return number_ != 0 ? "true" : "false";
    case Kind::duration: return format_duration(Duration(number_));
    case Kind::error: return error_text(*error_);
    case Kind::text: break;
  }
  return std::string(text_);
}

std::string rfc3339(WallTime time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - days));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = observe::utf8_length(text, i);
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (length == 1 && (c < 0x20 || c == 0x7F)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  out += '"';
}

void append_common(std::string& out, WallTime time, Level level, std::string_view message, Fields fields, bool color) {
  const Look& look = kLooks[static_cast<std::size_t>(level)];
  append_colored(out, rfc3339(time), color ? kGray : "");
  out += ' ';
  append_colored(out, look.name, color ? look.color : "");
  out += ' ';
  append_colored(out, printable(message), color && level >= Level::info ? kBold : "");
  for (const Field& field : fields) {
    out += ' ';
    append_colored(out, fmt::format("{}=", field.name()), color ? kCyan : "");
    const bool is_error = field.name() == field::kError;
    if (color && is_error) out += kRed;
    append_value(out, field.value());
    if (color && is_error) out += kPlain;
  }
}

void append_json(std::string& out, WallTime time, Level level, std::string_view message, Fields fields) {
  out += "{\"level\":";
  append_json_string(out, to_string(level));
  for (const Field& field : fields) {
    out += ',';
    append_json_string(out, field.name());
    out += ':';
    if (field.kind() == Field::Kind::integer || field.kind() == Field::Kind::truth) {
      out += field.value();
    } else {
      append_json_string(out, field.value());
    }
  }
  out += fmt::format(",\"time\":\"{}\",\"message\":", rfc3339(time));
  append_json_string(out, message);
  out += '}';
}

}  // namespace sluice::log
