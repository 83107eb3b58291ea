// first_process.h: how the first process of the container was started, for the image's own health check: it runs beside
// that process with no arguments of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sluice::cmd {

// The arguments of process 1, without its name. Nothing when it is another program than this one, or out of sight.
std::optional<std::vector<std::string>> arguments_of_first_process();

}  // namespace sluice::cmd
