// cross_checks.h: what no object is wrong about alone: routers that hide each other, references of TCP and UDP routers,
// names of the static configuration, objects nobody uses. `sluice check` adds these to the report of a build; a running
// instance serves such configurations as well as it can and does not repeat them in its log.
//
// Pure; any thread.
#pragma once

#include <string_view>

#include "config/static_config.h"
#include "control/merged.h"

namespace sluice::control {

namespace code {
inline constexpr std::string_view kHiddenRouter = "SLU-X001";      // never asked: another has the same rule
inline constexpr std::string_view kUnusedService = "SLU-X002";     // no router leads to it
inline constexpr std::string_view kUnusedMiddleware = "SLU-X003";  // no router names it
inline constexpr std::string_view kNoServers = "SLU-X004";         // a load balancer without servers
inline constexpr std::string_view kUnknownResolver = "SLU-X005";   // a certResolver that is not configured
inline constexpr std::string_view kPasswordHash = "SLU-X007";      // a user without a usable password hash
}  // namespace code

// `static_known`: the static configuration is the real one, not one assumed for lack of it. Objects without a
// source (of the program itself) are not reported about.
void cross_check(const config::Static& configuration, bool static_known, const Fragments& fragments,
                 config::Report& report);

}  // namespace sluice::control
