// scalars.h: the text forms of single values, as Go's strconv reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

// 1, t, T, TRUE, true, True, 0, f, F, FALSE, false, False.
std::optional<bool> parse_boolean(std::string_view text);
// Decimal, with an optional sign.
std::optional<std::int64_t> parse_integer(std::string_view text);
// Decimal with fraction and exponent; no infinities.
std::optional<double> parse_number(std::string_view text);
// The shortest text that reads back as the same number.
std::string format_number(double number);

}  // namespace sluice::config
