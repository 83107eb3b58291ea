#include "api/control_paths.h"

#include <unistd.h>

namespace sluice::api {

std::vector<std::string> default_control_paths(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> paths;
  auto below = [&](const char* variable, const char* rest) {
    auto found = environment.find(variable);
    if (found != environment.end() && found->second.starts_with('/')) paths.push_back(found->second + rest);
  };
  below("RUNTIME_DIRECTORY", "/control.sock");
  paths.emplace_back("/run/sluice/control.sock");
  below("XDG_RUNTIME_DIR", "/sluice/control.sock");
  auto temporary = environment.find("TMPDIR");
  const std::string base =
      temporary != environment.end() && temporary->second.starts_with('/') ? temporary->second : "/tmp";
  paths.push_back(base + "/sluice-" + std::to_string(geteuid()) + "/control.sock");
  return paths;
}

}  // namespace sluice::api
