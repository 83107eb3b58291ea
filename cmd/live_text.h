// live_text.h: answers about a configuration in force, for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sluice::cmd {

std::string explanation_text(const nlohmann::json& explanation);
std::string status_text(const nlohmann::json& status);
// A table of `kind`.
std::string list_text(std::string_view kind, const nlohmann::json& list);

}  // namespace sluice::cmd
