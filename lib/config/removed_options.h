// removed_options.h: options older versions of Traefik had. Passing over them would change what a configuration means,
// so start-up fails and says what replaces them.
#pragma once

#include <string_view>

#include "config/problem.h"
#include "config/tree.h"

namespace sluice::config {

// The one that was a root option.
inline constexpr std::string_view kRemovedRoot = "pilot";

// Takes removed options out of a static tree, with an error for each.
void take_removed_options(Node& tree, Report& report);

}  // namespace sluice::config
