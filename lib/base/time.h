// time.h: monotonic time, durations and deadlines, and a clock that tests can turn by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;  // NOLINT: 30s and 250ms read better everywhere

// Nanoseconds of CLOCK_MONOTONIC. Wall-clock time is only used for dates people or certificates see.
struct Time {
  std::int64_t ns = 0;

  static constexpr Time never() { return Time{std::numeric_limits<std::int64_t>::max()}; }
  static Time now();
  constexpr bool is_never() const { return ns == std::numeric_limits<std::int64_t>::max(); }
  friend constexpr auto operator<=>(Time, Time) = default;
  friend constexpr Time operator+(Time t, Duration d) {
    return t.is_never() || d.count() > std::numeric_limits<std::int64_t>::max() - t.ns ? never()
                                                                                       : Time{t.ns + d.count()};
  }
  friend constexpr Duration operator-(Time a, Time b) { return Duration(a.ns - b.ns); }
};

// The instant at which an operation gives up; `Deadline::none()` waits for ever.
using Deadline = Time;
inline constexpr Deadline kNoDeadline = Time::never();

// Go's duration syntax ("1m30s", "500ms", "1.5h"), or a bare integer meaning seconds. Error: Code::invalid.
Result<Duration> parse_duration(std::string_view text);
// The shortest form Go prints: "1m30s", "500ms", "0s".
std::string format_duration(Duration duration);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7), of the given Unix time in seconds.
std::string http_date(std::int64_t unix_seconds);

}  // namespace sluice
