// problem_codes.h: the stable codes of problems found in what containers say. A code never changes its meaning.
#pragma once

#include <string_view>

namespace sluice::providers::docker::code {

inline constexpr std::string_view kNoPort = "SLU-D001";         // nothing exposed and no port label
inline constexpr std::string_view kNoAddress = "SLU-D002";      // on no network we could reach it on
inline constexpr std::string_view kNetworkChoice = "SLU-D003";  // the wanted network is missing, or none is shared
inline constexpr std::string_view kAmbiguous = "SLU-D004";    // a router without a service, and not exactly one to take
inline constexpr std::string_view kNoRule = "SLU-D005";       // a TCP router without a rule
inline constexpr std::string_view kDefaultRule = "SLU-D006";  // the default rule gives no rule for this container
inline constexpr std::string_view kConflict = "SLU-D007";     // one name, two definitions
inline constexpr std::string_view kWrongPort = "SLU-D008";    // a port label that is no port
inline constexpr std::string_view kContradiction = "SLU-D009";  // server.url beside server.port or server.scheme
inline constexpr std::string_view kWaiting = "SLU-D010";        // starting or unhealthy: not served for now
inline constexpr std::string_view kPortChoice = "SLU-D011";     // several ports exposed, one was picked
inline constexpr std::string_view kHeld = "SLU-D012";           // ended: its routes are answered 503 for a while
inline constexpr std::string_view kSwarmLabels = "SLU-D013";    // labels about a Swarm service that contradict

}  // namespace sluice::providers::docker::code
