// interpolation.h: compose's variables in a value: $NAME, ${NAME}, ${NAME:-default} and its relatives, $$ for a dollar.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cmd::checking {

struct Interpolated {
  std::string text;
  std::vector<std::string> unset;  // variables without a value and a default
  std::string invalid;             // the first piece compose refuses; empty: none
};

Interpolated interpolate(std::string_view text, const std::map<std::string, std::string>& variables);

// The variables of a `.env` file; nothing when there is none.
std::map<std::string, std::string> read_dotenv(const std::string& path);

}  // namespace sluice::cmd::checking
