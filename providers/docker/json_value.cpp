#include "providers/docker/json_value.h"

namespace sluice::providers::docker {
namespace {

// Checked before parsing: the parser itself does not recurse, but everything that walks the result would.
bool shallow(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return false;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return true;
}

}  // namespace

std::optional<Json> parse_json(std::string_view text) {
  if (!shallow(text)) return std::nullopt;
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

const Json& member(const Json& value, const char* name) {
  static const Json kNull;
  if (!value.is_object()) return kNull;
  auto found = value.find(name);
  return found == value.end() ? kNull : *found;
}

const std::string& text_of(const Json& value) {
  static const std::string kEmpty;
  const std::string* text = value.get_ptr<const std::string*>();
  return text == nullptr ? kEmpty : *text;
}

std::optional<std::int64_t> number_of(const Json& value, std::int64_t low, std::int64_t high) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
    return std::nullopt;
  }
  std::int64_t number = value.get<std::int64_t>();
  if (number < low || number > high) return std::nullopt;
  return number;
}

}  // namespace sluice::providers::docker
