#include "base/time.h"

#include <charconv>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice {

Time Time::now() {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return Time{static_cast<std::int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec};
}

namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr Unit kUnits[] = {{"ns", 1},         {"us", 1'000},        {"\xc2\xb5s", 1'000},  {"\xce\xbcs", 1'000},
                           {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const Error bad = Error::of(Code::invalid, "not a duration (write 30s, 500ms, 1m30s, or a number of seconds)");
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return bad;
  constexpr double kLimit = 9.2e18;
  double total = 0;
  bool bare = text.find_first_not_of("0123456789") == std::string_view::npos;
  if (bare) {
    std::int64_t seconds = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || static_cast<double>(seconds) * 1e9 > kLimit) return bad;
    return Duration((negative ? -seconds : seconds) * 1'000'000'000);
  }
  std::int64_t exact = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    std::size_t number = digits;
    if (number < text.size() && text[number] == '.') {
      ++number;
      while (number < text.size() && is_digit(text[number])) ++number;
      if (number == 1) return bad;
    }
    if (number == 0) return bad;
    std::int64_t whole = 0;
    if (digits > 0) {
      auto [end, error] = std::from_chars(text.data(), text.data() + digits, whole);
      if (error != std::errc()) return bad;
    }
    double fraction = 0;
    double scale = 0.1;
    for (std::size_t i = digits + 1; i < number; ++i, scale /= 10) fraction += scale * (text[i] - '0');
    text.remove_prefix(number);
    std::size_t unit_size = 0;
    while (unit_size < text.size() && !is_digit(text[unit_size]) && text[unit_size] != '.') ++unit_size;
    std::int64_t unit = 0;
    for (const Unit& candidate : kUnits) {
      if (candidate.name == text.substr(0, unit_size)) unit = candidate.ns;
    }
    if (unit == 0) return bad;
    text.remove_prefix(unit_size);
    total += (static_cast<double>(whole) + fraction) * static_cast<double>(unit);
    if (total > kLimit) return bad;
    exact += whole * unit + std::llround(fraction * static_cast<double>(unit));
  }
  return Duration(negative ? -exact : exact);
}

std::string format_duration(Duration duration) {
  std::int64_t ns = duration.count();
  if (ns == 0) return "0s";
  std::string sign = ns < 0 ? "-" : "";
  std::uint64_t rest = ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  auto decimal = [](std::uint64_t value, std::uint64_t unit, std::string_view name) {
    std::string text = fmt::format("{}.{:0{}}", value / unit, value % unit,
                                   unit == 1'000'000'000 ? 9
                                   : unit == 1'000'000   ? 6
                                                         : 3);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text.append(name);
  };
  if (rest < 1'000) return sign + fmt::format("{}ns", rest);
  if (rest < 1'000'000) return sign + decimal(rest, 1'000, "\xc2\xb5s");
  if (rest < 1'000'000'000) return sign + decimal(rest, 1'000'000, "ms");
  std::uint64_t hours = rest / 3'600'000'000'000;
  std::uint64_t minutes = rest / 60'000'000'000 % 60;
  std::string text = sign;
  if (hours > 0) text += fmt::format("{}h", hours);
  if (hours > 0 || minutes > 0) text += fmt::format("{}m", minutes);
  return text + decimal(rest % 60'000'000'000, 1'000'000'000, "s");
}

std::string http_date(std::int64_t unix_seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::time_t seconds = unix_seconds;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                     utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace sluice
