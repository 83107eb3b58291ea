// docker_data.h: recorded answers of a Docker 20.10 engine (trimmed), for the tests beside it.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include "base/result.h"

namespace sluice::test {

inline std::string recorded(const std::string& name) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/tests/unit/providers/data/" + name);
  SLUICE_CHECK(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace sluice::test
