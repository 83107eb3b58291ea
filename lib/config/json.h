// json.h: a tree as JSON text (RFC 8259).
#pragma once

#include <string>
#include <string_view>

#include "config/tree.h"

namespace sluice::config {

// `indent` spaces a level; 0 writes everything on one line. Bytes that are not UTF-8 become U+FFFD.
std::string to_json(const Node& node, int indent = 0);

// With quotes.
std::string json_string(std::string_view text);

}  // namespace sluice::config
