#include "middleware/own_fields.h"

#include "base/text.h"

namespace sluice::middleware {

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  auto folded = [](char c) { return c == '_' ? '-' : to_lower(c); };
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (folded(a[i]) != folded(b[i])) return false;
  }
  return true;
}

void remove_own_field(http::Fields& fields, std::string_view name) {
  fields.remove_if([&](const http::Field& field) { return same_name(field.name, name); });
}

void set_own_field(http::Fields& fields, std::string_view name, std::string_view value) {
  remove_own_field(fields, name);
  fields.add(name, value);
}

}  // namespace sluice::middleware
