// yaml.h: YAML (and so JSON) to a tree, with the meaning go-yaml gives it: YAML 1.2 scalars with 1.1 numbers, `<<`
// merge keys, anchors and aliases. Only the first document of a file is read.
//
// Bounded against hostile input: 64 levels, and a budget for what aliases may expand to.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/problem.h"
#include "config/tree.h"

namespace sluice::config {

// An empty document is a null node. Nothing when the text is not YAML, or a key is written twice in one map: the report
// then holds one error with the position.
std::optional<Node> parse_yaml(std::string_view text, std::string_view file_name, Report& report);

// A YAML integer in any of its notations (10, 0x1F, 0o17, 017, 0b1, 1_000); nothing for other text or overflow.
std::optional<std::int64_t> parse_yaml_integer(std::string_view text);

}  // namespace sluice::config
