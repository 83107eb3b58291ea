// visibility.h: whether a container takes part, by its labels, its state and its health.
#pragma once

#include <string>

#include "config/labels.h"
#include "providers/docker/container.h"

namespace sluice::providers::docker {

enum class Presence {
  absent,          // none of its objects exist
  without_server,  // its routers, services and middlewares exist, but no request goes to it
  serving,
};

struct VisibilityOptions {
  bool exposed_by_default = true;
  bool allow_empty_services = false;
};

struct Visibility {
  Presence presence = Presence::absent;
  std::string waiting_for;  // why an enabled, running container is not `serving`; empty otherwise
};

// `leaving`: a signal to stop was sent and the container has not ended yet.
Visibility visibility_of(const Container& container, const config::LabelConfiguration& labels, bool leaving,
                         const VisibilityOptions& options);

}  // namespace sluice::providers::docker
