// json_value.h: reading JSON of a stranger with nlohmann/json, without exceptions and without surprises. For the .cpp
// files of this folder only.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::providers::docker {

using Json = nlohmann::json;

inline constexpr int kMaxDepth = 64;

// The parsed text; nothing when it is malformed or nested deeper than kMaxDepth.
std::optional<Json> parse_json(std::string_view text);

// A shared null stands for whatever is missing or of another type, so that look-ups can be chained.
const Json& member(const Json& value, const char* name);
// The text of a string; empty for anything else.
const std::string& text_of(const Json& value);
// A whole number within [low, high]; nothing for anything else.
std::optional<std::int64_t> number_of(const Json& value, std::int64_t low, std::int64_t high);

}  // namespace sluice::providers::docker
