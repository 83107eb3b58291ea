#include "config/schema.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::config {

const Field* StructSchema::find(std::string_view option) const {
  for (const Field& field : fields) {
    if (iequals(field.name, option)) return &field;
  }
  return nullptr;
}

std::optional<std::string> nearest_name(std::string_view written, const std::vector<std::string_view>& names) {
  if (written.size() > 64) return std::nullopt;  // no misspelt option, and not worth the time
  const std::size_t near_enough = std::max<std::size_t>(2, written.size() / 3);
  std::optional<std::string> nearest;
  std::size_t best = near_enough + 1;
  for (const std::string_view name : names) {
    const std::size_t distance = edit_distance(written, name);
    if (distance < best) {
      best = distance;
      nearest = std::string(name);
    }
  }
  return nearest;
}

}  // namespace sluice::config
