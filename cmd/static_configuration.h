// static_configuration.h: loads the static configuration for commands that need it, and says what is wrong with it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/load_static.h"

namespace sluice::cmd {

// From `arguments`, the environment and files. Errors go to standard error; then there is nothing.
config::LoadedStatic load_static(const std::vector<std::string>& arguments);

// All variables of this process.
std::map<std::string, std::string> environment();

// Problems as lines on standard error.
void print_report(const config::Report& report);

}  // namespace sluice::cmd
