// problem_codes.h: the codes of problems with certificate resolvers.
#pragma once

#include <string_view>

namespace sluice::acme::code {

inline constexpr std::string_view kResolver = "SLU-E001";  // a resolver that cannot run as it is configured
inline constexpr std::string_view kStorage = "SLU-E002";   // its storage cannot be used
inline constexpr std::string_view kName = "SLU-E003";      // a name no certificate is ordered for
inline constexpr std::string_view kOrder = "SLU-E004";     // a certificate could not be obtained
inline constexpr std::string_view kChain = "SLU-E005";     // a certificate is not quite as it was asked for
inline constexpr std::string_view kPassing = "SLU-E006";   // a storage that will be gone some day

}  // namespace sluice::acme::code
