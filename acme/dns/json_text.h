// json_text.h: JSON that never throws: what a provider sent, and what we send to it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace sluice::acme::dns {

// A value inside of a Result: nlohmann's own converts to too much.
struct Document {
  nlohmann::json json;
};

// The text of a member; empty when there is none, or when it is no text.
inline std::string text_at(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return {};
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

inline std::string json_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sluice::acme::dns
