// sprig's arithmetic. Integers are 64 bits wide and wrap around, as in Go; the functions take text that is a number
// too.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "config/template/functions.h"

namespace sluice::config::templates {

namespace {

std::uint64_t bits(const Value& value) { return static_cast<std::uint64_t>(to_integer(value)); }
Value wrapped(std::uint64_t number) { return static_cast<std::int64_t>(number); }

double to_real(const Value& value) {
  if (const double* number = value.as_float()) return *number;
  const std::string* text = value.as_text();
  if (text == nullptr) return static_cast<double>(to_integer(value));
  double number = 0;
  const auto [stop, problem] = std::from_chars(text->data(), text->data() + text->size(), number);
  return problem == std::errc() && stop == text->data() + text->size() ? number : 0;
}

Value add(Call& call) {
  std::uint64_t sum = 0;
  for (const Value& value : call.from(0)) sum += bits(value);
  return wrapped(sum);
}
Value add1(Call& call) { return wrapped(bits(call[0]) + 1); }
Value sub(Call& call) { return wrapped(bits(call[0]) - bits(call[1])); }
Value mul(Call& call) {
  std::uint64_t product = 1;
  for (const Value& value : call.from(0)) product *= bits(value);
  return wrapped(product);
}
Value div(Call& call) {
  const std::int64_t by = to_integer(call[1]);
  if (by == 0) return call.fail("division by zero");
  return by == -1 ? wrapped(0 - bits(call[0])) : Value(to_integer(call[0]) / by);
}
Value mod(Call& call) {
  const std::int64_t by = to_integer(call[1]);
  if (by == 0) return call.fail("division by zero");
  return by == -1 ? Value(0) : Value(to_integer(call[0]) % by);
}
Value max(Call& call) {
  std::int64_t most = to_integer(call[0]);
  for (const Value& value : call.from(1)) most = std::max(most, to_integer(value));
  return most;
}
Value min(Call& call) {
  std::int64_t least = to_integer(call[0]);
  for (const Value& value : call.from(1)) least = std::min(least, to_integer(value));
  return least;
}

Value to_int(Call& call) { return to_integer(call[0]); }
Value to_float(Call& call) { return to_real(call[0]); }
// Decimal only, and zero for anything else.
Value atoi(Call& call) {
  std::string_view text = call.text(0);
  if (text.size() > 1 && text[0] == '+' && is_digit(text[1])) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && stop == text.data() + text.size() ? number : 0;
}
Value ceil(Call& call) { return std::ceil(to_real(call[0])); }
Value floor(Call& call) { return std::floor(to_real(call[0])); }
Value round(Call& call) {
  const double scale = std::pow(10.0, static_cast<double>(to_integer(call[1])));
  return std::round(to_real(call[0]) * scale) / scale;
}

constexpr Function kNumberFunctions[] = {
    {"add", 0, -1, add},  {"add1", 1, 1, add1},  {"sub", 2, 2, sub},      {"mul", 1, -1, mul},
    {"div", 2, 2, div},   {"mod", 2, 2, mod},    {"max", 1, -1, max},     {"biggest", 1, -1, max},
    {"min", 1, -1, min},  {"int", 1, 1, to_int}, {"int64", 1, 1, to_int}, {"float64", 1, 1, to_float},
    {"atoi", 1, 1, atoi}, {"ceil", 1, 1, ceil},  {"floor", 1, 1, floor},  {"round", 2, 2, round},
};

}  // namespace

std::int64_t to_integer(const Value& value) {
  if (const std::int64_t* number = value.as_int()) return *number;
  if (const bool* truth = value.as_bool()) return *truth ? 1 : 0;
  if (const double* number = value.as_float()) {
    return std::isfinite(*number) && std::fabs(*number) < 9.2e18 ? static_cast<std::int64_t>(*number) : 0;
  }
  const std::string* held = value.as_text();
  if (held == nullptr) return 0;
  std::string_view text = *held;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && to_lower(text[1]) == 'x') {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t number = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (problem != std::errc() || stop != text.data() + text.size() || number > INT64_MAX) return 0;
  return negative ? -static_cast<std::int64_t>(number) : static_cast<std::int64_t>(number);
}

std::span<const Function> number_functions() { return kNumberFunctions; }

}  // namespace sluice::config::templates
