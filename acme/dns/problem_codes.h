// problem_codes.h: the stable codes of problems of DNS challenges. A code never changes its meaning.
#pragma once

#include <string_view>

namespace sluice::acme::dns::code {

inline constexpr std::string_view kUnknownProvider = "SLU-N001";  // no provider of that name, or none named
inline constexpr std::string_view kVariables = "SLU-N002";        // variables of a provider that are missing or wrong
inline constexpr std::string_view kResolvers = "SLU-N003";        // a DNS server that is none

}  // namespace sluice::acme::dns::code
