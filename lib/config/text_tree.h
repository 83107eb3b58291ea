// text_tree.h: trees from sources that write one value at a time under its whole path: flags, variables, labels.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/tree.h"

namespace sluice::config {

// "a.b[0].c" is a, b, [0], c. Nothing when a piece is empty, or when there are more than 64.
std::optional<std::vector<std::string>> split_path(std::string_view path, char separator);

// The node at `path` below `root`, made when it is not there; names match without regard to case, and the first letters
// written are kept. `where` is the source of the nodes made.
Node& node_at(Node& root, const std::vector<std::string>& path, const SourceName& where);

}  // namespace sluice::config
