#include "providers/docker/names.h"

namespace sluice::providers::docker {

std::string service_name(const Container& container) {
  auto service = container.labels.find("com.docker.compose.service");
  auto project = container.labels.find("com.docker.compose.project");
  if (service == container.labels.end() || project == container.labels.end()) return container.name;
  if (service->second.empty() || project->second.empty()) return container.name;
  return service->second + "_" + project->second;
}

std::string display_name(const Container& container) {
  return container.name.empty() ? container.id.substr(0, 12) : container.name;
}

}  // namespace sluice::providers::docker
