// codes.h: the stable codes of what only `sluice check` can see: files as a whole, and what compose does to labels. A
// code never changes its meaning.
#pragma once

#include <string_view>

namespace sluice::cmd::checking::code {

inline constexpr std::string_view kAssumed = "SLU-K001";       // taken to exist: its provider was not given
inline constexpr std::string_view kLabelForm = "SLU-K002";     // an entry of `labels` that is no label
inline constexpr std::string_view kVariable = "SLU-K003";      // a variable of compose that is not set
inline constexpr std::string_view kEatenDollar = "SLU-K004";   // compose takes the $ of a value for a variable
inline constexpr std::string_view kDeployLabels = "SLU-K005";  // labels under `deploy`, which containers do not get
inline constexpr std::string_view kNotExposed = "SLU-K006";    // labels of a container that is not exposed
inline constexpr std::string_view kNoProvider = "SLU-K007";    // a source whose provider is off
inline constexpr std::string_view kUnreadable = "SLU-K008";    // a source that cannot be read
inline constexpr std::string_view kUnknownKind = "SLU-K009";   // a file that is no configuration
inline constexpr std::string_view kCompose = "SLU-K010";       // a compose file that compose would refuse
inline constexpr std::string_view kOneName = "SLU-K011";       // two services with one container name
inline constexpr std::string_view kPrefix = "SLU-K012";        // a label that almost begins with traefik

}  // namespace sluice::cmd::checking::code
