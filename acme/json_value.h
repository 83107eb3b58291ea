// json_value.h: reading JSON that a stranger wrote: what is missing or of another type is empty. Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::acme {

// The member of that name; names are compared as written.
inline const nlohmann::json& member_of(const nlohmann::json& object, const char* name) {
  static const nlohmann::json kNothing;
  if (!object.is_object()) return kNothing;
  auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

inline std::string text_of(const nlohmann::json& object, const char* name) {
  const nlohmann::json& member = member_of(object, name);
  return member.is_string() ? member.get<std::string>() : std::string();
}

inline bool flag_of(const nlohmann::json& object, const char* name) {
  const nlohmann::json& member = member_of(object, name);
  return member.is_boolean() && member.get<bool>();
}

inline std::int64_t number_of(const nlohmann::json& object, const char* name) {
  const nlohmann::json& member = member_of(object, name);
  return member.is_number_integer() ? member.get<std::int64_t>() : 0;
}

inline const nlohmann::json& object_of(const nlohmann::json& object, const char* name) {
  static const nlohmann::json kEmpty = nlohmann::json::object();
  const nlohmann::json& member = member_of(object, name);
  return member.is_object() ? member : kEmpty;
}

inline const nlohmann::json& list_of(const nlohmann::json& object, const char* name) {
  static const nlohmann::json kEmpty = nlohmann::json::array();
  const nlohmann::json& member = member_of(object, name);
  return member.is_array() ? member : kEmpty;
}

inline std::vector<std::string> texts_of(const nlohmann::json& object, const char* name) {
  std::vector<std::string> texts;
  for (const nlohmann::json& one : list_of(object, name)) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

// Whether lists and objects stand inside each other deeper than anything of ACME does: taking such a value apart or
// writing it would take as many frames of the stack.
inline bool is_nested_deeply(std::string_view json) {
  constexpr int kDeepest = 32;
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') in_text = !in_text;
    if (c == '\\' && in_text) ++i;
    if (in_text) continue;
    if ((c == '[' || c == '{') && ++depth > kDeepest) return true;
    if (c == ']' || c == '}') --depth;
  }
  return false;
}

// On one line. Bytes that are not UTF-8 become U+FFFD: nothing a stranger wrote makes writing fail.
inline std::string written(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sluice::acme
