// status_ranges.h: lists of status codes in options: "404", "500-599". Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::proxy {

struct StatusRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  bool contains(std::uint16_t status) const { return first <= status && status <= last; }

  // Nothing when the text is neither a code from 100 to 599 nor two of them in order.
  static std::optional<StatusRange> parse(const std::string& text);
};

class StatusRanges {
 public:
  // False when an entry cannot be read; `error` says which.
  bool parse(const std::vector<std::string>& entries, std::string& error);
  bool contains(std::uint16_t status) const;
  bool empty() const { return ranges_.empty(); }

 private:
  std::vector<StatusRange> ranges_;
};

}  // namespace sluice::proxy
