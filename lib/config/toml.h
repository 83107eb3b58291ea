// toml.h: TOML to a tree.
#pragma once

#include <optional>
#include <string_view>

#include "config/problem.h"
#include "config/tree.h"

namespace sluice::config {

// Nothing when the text is not TOML, or nests deeper than 64 levels: the report then holds one error with the position.
std::optional<Node> parse_toml(std::string_view text, std::string_view file_name, Report& report);

}  // namespace sluice::config
