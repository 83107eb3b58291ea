// problem_codes.h: the stable codes of problems of the HTTP provider. A code never changes its meaning.
#pragma once

#include <string_view>

namespace sluice::providers::http::code {

inline constexpr std::string_view kEndpoint = "SLU-H001";     // no endpoint, or one that cannot be used
inline constexpr std::string_view kUnreachable = "SLU-H002";  // no answer, or another status than 200
inline constexpr std::string_view kBody = "SLU-H003";         // an answer that is no configuration

}  // namespace sluice::providers::http::code
