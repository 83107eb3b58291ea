// output.h: findings for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "cmd/checking/place.h"

namespace sluice::cmd::checking {

struct Summary {
  std::size_t errors = 0;
  std::size_t warnings = 0;
  std::size_t routers = 0;  // that would take requests
};

Summary summary_of(const std::vector<Finding>& findings, std::size_t routers);

// "compose.yaml:12:7", "container web", "flag --log.level".
std::string text_of(const Place& place);

// One paragraph each, with the line and a caret, and a last line with the numbers.
std::string as_text(const std::vector<Finding>& findings, const Summary& summary, bool color);
// {"schema": "sluice/v1", "problems": […], "errors": …}
std::string as_json(const std::vector<Finding>& findings, const Summary& summary);
// SARIF 2.1.0, which code hosts show beside the lines.
std::string as_sarif(const std::vector<Finding>& findings);
// Annotations of GitHub's runners.
std::string as_github(const std::vector<Finding>& findings);

}  // namespace sluice::cmd::checking
