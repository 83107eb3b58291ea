// date.h: dates in Go's layout, which is an example: "2006-01-02 15:04:05 -0700".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::config::templates {

enum class Zone { local, utc };

std::string format_date(std::string_view layout, std::int64_t unix_seconds, Zone zone);

}  // namespace sluice::config::templates
