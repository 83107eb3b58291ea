#include "proxy/status_ranges.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace sluice::proxy {

std::optional<StatusRange> StatusRange::parse(const std::string& text) {
  std::size_t dash = text.find('-');
  std::optional<std::uint64_t> first = parse_u64(trim(std::string_view(text).substr(0, dash)));
  std::optional<std::uint64_t> last = first;
  if (dash != std::string::npos) last = parse_u64(trim(std::string_view(text).substr(dash + 1)));
  if (!first || !last || *first < 100 || *last > 599 || *first > *last) return std::nullopt;
  return StatusRange{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

bool StatusRanges::parse(const std::vector<std::string>& entries, std::string& error) {
  for (const std::string& entry : entries) {
    std::optional<StatusRange> range = StatusRange::parse(entry);
    if (!range) {
      error = fmt::format("the status {} is neither a code nor a range like 500-599", entry);
      return false;
    }
    ranges_.push_back(*range);
  }
  return true;
}

bool StatusRanges::contains(std::uint16_t status) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [=](const StatusRange& range) { return range.contains(status); });
}

}  // namespace sluice::proxy
