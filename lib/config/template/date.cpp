#include "config/template/date.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <iterator>

namespace sluice::config::templates {

namespace {

// Longer names first where one begins with the other.
constexpr std::string_view kParts[] = {"January", "Jan",   "Monday", "Mon", "MST", "2006", "-07:00", "-0700", "-07",
                                       "Z07:00",  "Z0700", "002",    "01",  "02",  "03",   "04",     "05",    "06",
                                       "15",      "PM",    "pm",     "_2",  "1",   "2",    "3",      "4",     "5"};

std::string part(std::size_t which, const std::tm& t) {
  static constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                                 "July",    "August",   "September", "October", "November", "December"};
  static constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                               "Thursday", "Friday", "Saturday"};
  const int hour12 = t.tm_hour % 12 == 0 ? 12 : t.tm_hour % 12;
  const long minutes = std::labs(t.tm_gmtoff) / 60;
  const char sign = t.tm_gmtoff < 0 ? '-' : '+';
  switch (which) {
    case 0: return std::string(kMonths[t.tm_mon]);
    case 1: return std::string(kMonths[t.tm_mon].substr(0, 3));
    case 2: return std::string(kDays[t.tm_wday]);
    case 3: return std::string(kDays[t.tm_wday].substr(0, 3));
    case 4: return t.tm_zone == nullptr ? "UTC" : t.tm_zone;
    case 5: return fmt::format("{:04}", t.tm_year + 1900);
    case 9:
      if (t.tm_gmtoff == 0) return "Z";
      [[fallthrough]];
    case 6: return fmt::format("{}{:02}:{:02}", sign, minutes / 60, minutes % 60);
    case 10:
      if (t.tm_gmtoff == 0) return "Z";
      [[fallthrough]];
    case 7: return fmt::format("{}{:02}{:02}", sign, minutes / 60, minutes % 60);
    case 8: return fmt::format("{}{:02}", sign, minutes / 60);
    case 11: return fmt::format("{:03}", t.tm_yday + 1);
    case 12: return fmt::format("{:02}", t.tm_mon + 1);
    case 13: return fmt::format("{:02}", t.tm_mday);
    case 14: return fmt::format("{:02}", hour12);
    case 15: return fmt::format("{:02}", t.tm_min);
    case 16: return fmt::format("{:02}", t.tm_sec);
    case 17: return fmt::format("{:02}", t.tm_year % 100);
    case 18: return fmt::format("{:02}", t.tm_hour);
    case 19: return t.tm_hour < 12 ? "AM" : "PM";
    case 20: return t.tm_hour < 12 ? "am" : "pm";
    case 21: return fmt::format("{:2}", t.tm_mday);
    case 22: return fmt::format("{}", t.tm_mon + 1);
    case 23: return fmt::format("{}", t.tm_mday);
    case 24: return fmt::format("{}", hour12);
    case 25: return fmt::format("{}", t.tm_min);
    default: return fmt::format("{}", t.tm_sec);
  }
}

}  // namespace

std::string format_date(std::string_view layout, std::int64_t unix_seconds, Zone zone) {
  const std::time_t seconds = unix_seconds;
  std::tm t{};
  const std::tm* known = zone == Zone::utc ? gmtime_r(&seconds, &t) : localtime_r(&seconds, &t);
  if (known == nullptr) return "";  // a year beyond what the C library counts
  std::string out;
  while (!layout.empty()) {
    std::size_t which = 0;
    while (which < std::size(kParts) && !layout.starts_with(kParts[which])) ++which;
    if (which == std::size(kParts)) {
      out += layout.front();
      layout.remove_prefix(1);
    } else {
      out += part(which, t);
      layout.remove_prefix(kParts[which].size());
    }
  }
  return out;
}

}  // namespace sluice::config::templates
