// visibility.h: whether a container takes part, by its labels, its state and its health.
#pragma once

#include <optional>
#include <string>

#include "config/labels.h"
#include "providers/docker/constraint.h"
#include "providers/docker/container.h"

namespace sluice::providers::docker {

enum class Presence {
  absent,          // none of its objects exist
  without_server,  // its routers, services and middlewares exist, but no request goes to it
  serving,
};

// Who may take part: providers.docker.exposedByDefault and .constraints.
struct Exposure {
  bool by_default = true;
  std::optional<Constraint> constraint;
  bool keep_paused = false;  // providers.docker.keepPaused
};

struct Visibility {
  Presence presence = Presence::absent;
  std::string waiting_for;  // why an enabled container that is meant to run is not `serving`; empty otherwise
};

// `leaving`: a signal to stop was sent and the container has not ended yet.
//
// A container that runs but is not ready (its health check has not succeeded, it is paused, it is being restarted, it
// was told to stop) keeps its routers: its host is known, and is answered 503 with Retry-After instead of 404. So
// providers.docker.allowEmptyServices has nothing left to switch on.
//
// `docker compose run` gives its container all labels of the service. Such a one-off has another purpose than to serve:
// it takes no part unless traefik.docker.oneoff=true says that it does.
bool is_one_off(const Container& container);

Visibility visibility_of(const Container& container, const config::LabelConfiguration& labels, bool leaving,
                         const Exposure& exposure);

}  // namespace sluice::providers::docker
