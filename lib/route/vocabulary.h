// vocabulary.h: the matcher names of each rule language, and what to say about a name that is none of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "route/rule.h"

namespace sluice::route {

struct MatcherSpec {
  std::string_view name;
  Matcher matcher;  // before the arguments are looked at: a v2 matcher may become its literal or its template kind
  std::uint8_t least_arguments;
  std::uint8_t most_arguments;  // kUnlimited: any number
  std::string_view example;
};
inline constexpr std::uint8_t kUnlimited = 255;

std::span<const MatcherSpec> vocabulary(Family family, Syntax syntax);

// By its exact name, or that name in lower case, in upper case, or with a capital first letter only; null if unknown.
const MatcherSpec* find_matcher(std::string_view name, Family family, Syntax syntax);

// The name a clause is printed with.
std::string_view name_of(Matcher matcher, Family family, Syntax syntax);

// What to write instead of a name that `find_matcher` does not know.
std::string advice_for_name(std::string_view name, Family family, Syntax syntax);

}  // namespace sluice::route
