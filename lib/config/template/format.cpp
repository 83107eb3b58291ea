#include "config/template/format.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/encoding.h"
#include "base/text.h"
#include "config/template/limits.h"
#include "config/template/utf8.h"

namespace sluice::config::templates {

namespace {

constexpr int kMaxWidth = 100'000;  // of a printf field; Go stops at a million

void append_display(const Value& value, int depth, std::string& out, Budget& budget) {
  if (depth > kMaxDepth || !budget.spend(1)) {
    budget.spend(kMaxSteps);
    return;
  }
  if (const std::string* text = value.as_text()) {
    if (budget.spend_bytes(text->size())) out += *text;
  } else if (const std::int64_t* number = value.as_int()) {
    out += std::to_string(*number);
  } else if (const double* real = value.as_float()) {
    out += format_float(*real);
  } else if (const bool* truth = value.as_bool()) {
    out += *truth ? "true" : "false";
  } else if (const std::vector<Value>* items = value.as_list()) {
    out += '[';
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out += ' ';
      append_display((*items)[i], depth + 1, out, budget);
    }
    out += ']';
  } else if (const MapValue* map = value.as_map()) {
    out += map->kind == MapValue::Kind::record ? "{" : "map[";
    bool first = true;
    for (const auto& [key, item] : map->entries) {
      if (!std::exchange(first, false)) out += ' ';
      if (!budget.spend_bytes(key.size())) return;
      if (map->kind != MapValue::Kind::record) out += key + ":";
      append_display(item, depth + 1, out, budget);
    }
    out += map->kind == MapValue::Kind::record ? '}' : ']';
  } else {
    out += "<nil>";
  }
}

struct Spec {
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  int width = 0;
  int precision = -1;
  char verb = 0;
};

// Reads what follows a '%'. False when the format ends too early.
bool read_spec(std::string_view format, std::size_t& i, Spec& spec) {
  for (; i < format.size(); ++i) {
    if (format[i] == '-')
      spec.minus = true;
    else if (format[i] == '+')
      spec.plus = true;
    else if (format[i] == '#')
      spec.sharp = true;
    else if (format[i] == ' ')
      spec.space = true;
    else if (format[i] == '0')
      spec.zero = true;
    else
      break;
  }
  for (; i < format.size() && is_digit(format[i]); ++i) {
    spec.width = std::min(spec.width * 10 + (format[i] - '0'), kMaxWidth);
  }
  if (i < format.size() && format[i] == '.') {
    spec.precision = 0;
    for (++i; i < format.size() && is_digit(format[i]); ++i) {
      spec.precision = std::min(spec.precision * 10 + (format[i] - '0'), kMaxWidth);
    }
  }
  if (i >= format.size()) return false;
  spec.verb = format[i++];
  return true;
}

void pad(std::string text, const Spec& spec, bool numeric, std::string& out) {
  const std::size_t size = count_code_points(text);
  const std::size_t width = static_cast<std::size_t>(spec.width);
  if (size >= width) {
    out += text;
  } else if (spec.minus) {
    out += text + std::string(width - size, ' ');
  } else if (spec.zero) {
    const std::size_t sign = numeric && !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ') ? 1 : 0;
    out += text.substr(0, sign) + std::string(width - size, '0') + text.substr(sign);
  } else {
    out += std::string(width - size, ' ') + text;
  }
}

std::string sign(bool negative, const Spec& spec) { return negative ? "-" : spec.plus ? "+" : spec.space ? " " : ""; }

// Nothing when the verb does not apply to an integer.
std::optional<std::string> format_int(std::int64_t number, const Spec& spec) {
  const std::uint64_t size = number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  std::string digits;
  switch (spec.verb) {
    case 'v':
    case 'd': digits = fmt::format("{}", size); break;
    case 'x': digits = fmt::format("{:x}", size); break;
    case 'X': digits = fmt::format("{:X}", size); break;
    case 'o': digits = fmt::format("{:o}", size); break;
    case 'b': digits = fmt::format("{:b}", size); break;
    case 'U': return fmt::format("U+{:04X}", size);
    case 'c':
    case 'q': {
      std::string text;
      if (number < 0 || number > 0x10FFFF || (number >= 0xD800 && number < 0xE000)) number = 0xFFFD;
      append_utf8(static_cast<std::uint32_t>(number), text);
      if (spec.verb == 'c') return text;
      if (number == '\'' || number == '"') return number == '"' ? "'\"'" : "'\\''";
      text = go_quote(text);
      text.front() = text.back() = '\'';
      return text;
    }
    default: return std::nullopt;
  }
  if (spec.precision > static_cast<int>(digits.size())) {
    digits.insert(0, static_cast<std::size_t>(spec.precision) - digits.size(), '0');
  }
  const std::string_view prefix = !spec.sharp        ? ""
                                  : spec.verb == 'x' ? "0x"
                                  : spec.verb == 'X' ? "0X"
                                  : spec.verb == 'o' ? "0"
                                  : spec.verb == 'b' ? "0b"
                                                     : "";
  return sign(number < 0, spec) + std::string(prefix) + digits;
}

std::optional<std::string> format_real(double number, const Spec& spec) {
  const std::string before = sign(std::signbit(number), spec);
  const double size = std::fabs(number);
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return (before.empty() ? "+" : before) + "Inf";
  const int precision = spec.precision < 0 ? 6 : std::min(spec.precision, 1000);
  switch (spec.verb) {
    case 'v':
    case 'g':
    case 'G': return before + (spec.precision < 0 ? format_float(size) : fmt::format("{:.{}g}", size, precision));
    case 'f':
    case 'F': return before + fmt::format("{:.{}f}", size, precision);
    case 'e': return before + fmt::format("{:.{}e}", size, precision);
    case 'E': return before + fmt::format("{:.{}E}", size, precision);
    default: return std::nullopt;
  }
}

std::optional<std::string> format_text(const std::string& text, const Spec& spec) {
  std::string_view cut = text;
  if (spec.precision >= 0 && spec.verb != 'x' && spec.verb != 'X') {
    std::size_t end = 0;
    std::uint32_t code = 0;
    for (int runes = 0; runes < spec.precision && end < cut.size(); ++runes) {
      end += std::max<std::size_t>(decode_utf8(cut, end, code), 1);
    }
    cut = cut.substr(0, end);
  }
  switch (spec.verb) {
    case 'v':
    case 's': return std::string(cut);
    case 'q': return spec.sharp && cut.find('`') == std::string_view::npos ? fmt::format("`{}`", cut) : go_quote(cut);
    case 'x': return hex_encode(cut);
    case 'X': return uppered(hex_encode(cut));
    default: return std::nullopt;
  }
}

// Elements of lists and maps get the verb one by one, as in Go: printf "%q" (list "a") is ["a"].
void format_value(const Value& value, const Spec& spec, int depth, std::string& out, Budget& budget) {
  if (depth > kMaxDepth || !budget.spend(1)) {
    budget.spend(kMaxSteps);
    return;
  }
  std::optional<std::string> text;
  bool numeric = false;
  if (spec.verb == 'T') {
    text = value.type_name();
  } else if (const std::int64_t* number = value.as_int()) {
    numeric = true;
    text = format_int(*number, spec);
  } else if (const double* real = value.as_float()) {
    numeric = true;
    text = format_real(*real, spec);
  } else if (const std::string* held = value.as_text()) {
    if (!budget.spend_bytes(held->size() * 4)) return;
    text = format_text(*held, spec);
  } else if (const bool* truth = value.as_bool()) {
    if (spec.verb == 't' || spec.verb == 'v') text = *truth ? "true" : "false";
  } else if (const std::vector<Value>* items = value.as_list()) {
    out += '[';
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out += ' ';
      format_value((*items)[i], spec, depth + 1, out, budget);
    }
    out += ']';
    return;
  } else if (value.as_map() != nullptr) {
    text = display(value, budget);
  } else if (spec.verb == 'v') {
    text = "<nil>";
  }
  if (text) {
    if (budget.spend_bytes(static_cast<std::uint64_t>(spec.width))) pad(std::move(*text), spec, numeric, out);
  } else if (value.is_null()) {
    out += fmt::format("%!{}(<nil>)", spec.verb);
  } else {
    out += fmt::format("%!{}({}={})", spec.verb, value.type_name(), display(value, budget));
  }
}

}  // namespace

std::string format_float(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  char buffer[64];
  const auto [end, problem] = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  std::string text(buffer, problem == std::errc() ? end : buffer);
  const std::size_t e = text.find('e');
  const auto exponent = static_cast<int>(std::strtol(text.c_str() + e + 1, nullptr, 10));
  if (exponent < -4 || exponent >= 6) return text;
  const auto [fixed_end, fixed_problem] =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed);
  return std::string(buffer, fixed_problem == std::errc() ? fixed_end : buffer);
}

std::string go_quote(std::string_view text) {
  static constexpr std::string_view kNames = "abfnrtv\\\"";
  static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"";
  std::string out = "\"";
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = decode_utf8(text, i, code);
    if (length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
    } else if (const std::size_t known = length == 1 ? kMeanings.find(text[i]) : std::string_view::npos;
               known != std::string_view::npos) {
      out += '\\';
      out += kNames[known];
    } else if (code < 0x20 || code == 0x7F) {
      out += fmt::format("\\x{:02x}", code);
    } else if ((code >= 0x80 && code <= 0xA0) || code == 0xAD || (code >= 0x2000 && code <= 0x200F) ||
               (code >= 0x2028 && code <= 0x202F) || code == 0x3000 || code == 0xFEFF) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return out + '"';
}

std::string display(const Value& value, Budget& budget) {
  std::string out;
  append_display(value, 0, out, budget);
  return out;
}

std::string go_print(std::span<const Value> values, Budget& budget) {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0 && values[i].as_text() == nullptr && values[i - 1].as_text() == nullptr) out += ' ';
    append_display(values[i], 0, out, budget);
  }
  return out;
}

std::string go_println(std::span<const Value> values, Budget& budget) {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ' ';
    append_display(values[i], 0, out, budget);
  }
  return out + '\n';
}

std::optional<std::string> go_printf(std::string_view format, std::span<const Value> values, Budget& budget) {
  if (!budget.spend_bytes(format.size())) return std::nullopt;
  std::string out;
  std::size_t used = 0;
  for (std::size_t i = 0; i < format.size();) {
    const std::size_t percent = std::min(format.find('%', i), format.size());
    out += format.substr(i, percent - i);
    if (percent == format.size()) break;
    i = percent + 1;
    Spec spec;
    if (!read_spec(format, i, spec)) {
      out += "%!(NOVERB)";
      break;
    }
    if (!budget.spend(1)) return std::nullopt;
    if (spec.verb == '%') {
      out += '%';
    } else if (used >= values.size()) {
      out += fmt::format("%!{}(MISSING)", spec.verb);
    } else {
      format_value(values[used++], spec, 0, out, budget);
    }
  }
  if (used < values.size()) {
    out += "%!(EXTRA ";
    for (std::size_t i = used; i < values.size(); ++i) {
      if (i > used) out += ", ";
      out += values[i].is_null() ? "<nil>" : fmt::format("{}={}", values[i].type_name(), display(values[i], budget));
    }
    out += ')';
  }
  if (!budget.spend(1)) return std::nullopt;
  return out;
}

}  // namespace sluice::config::templates
