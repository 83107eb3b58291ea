// problem_codes.h: the stable codes of problems found while reading configuration. A code never changes its meaning:
// users search for it, and `sluice check` filters by it.
#pragma once

#include <string_view>

namespace sluice::config::code {

inline constexpr std::string_view kUnknownOption = "SLU-C001";  // a name that is no option
inline constexpr std::string_view kWrongValue = "SLU-C002";     // a value of the wrong type, or not allowed
inline constexpr std::string_view kStandalone = "SLU-C003";     // a group of options without any option
inline constexpr std::string_view kSyntax = "SLU-C004";         // YAML, TOML, a flag or a label key that cannot be read
inline constexpr std::string_view kDuplicate = "SLU-C005";      // one option written twice
inline constexpr std::string_view kNotServed = "SLU-C006";      // known, accepted, but without effect in this version
inline constexpr std::string_view kRemoved = "SLU-C007";        // removed from Traefik; has a replacement
inline constexpr std::string_view kDeprecated = "SLU-C008";     // works, but has a better spelling
inline constexpr std::string_view kSourceIgnored = "SLU-C009";  // a source that another one makes void
inline constexpr std::string_view kFileUnreadable = "SLU-C010";   // a configuration file that cannot be read
inline constexpr std::string_view kNoConfiguration = "SLU-C011";  // a file without a single known option
inline constexpr std::string_view kInconsistent = "SLU-C012";  // options that contradict each other, or one is missing
inline constexpr std::string_view kEmptyNode = "SLU-C013";     // `tls:` without a value, which switches nothing on
inline constexpr std::string_view kNotByLabel = "SLU-C014";    // an option that labels cannot set
inline constexpr std::string_view kUnknownSection = "SLU-C015";    // a traefik.* label of no known section
inline constexpr std::string_view kContainerSkipped = "SLU-C016";  // a provider-level label that cannot be read

}  // namespace sluice::config::code
