#include "providers/docker/visibility.h"

namespace sluice::providers::docker {
namespace {

std::string_view describe(Health health) {
  return health == Health::starting ? "its health check has not succeeded yet" : "its health check fails";
}

}  // namespace

Visibility visibility_of(const Container& container, const config::LabelConfiguration& labels, bool leaving,
                         const VisibilityOptions& options) {
  if (!labels.usable || !labels.enable.value_or(options.exposed_by_default)) return {Presence::absent, {}};

  bool running = container.state == State::running;
  if (labels.docker.allow_non_running) {
    return {running && !leaving ? Presence::serving : Presence::without_server, {}};
  }
  if (!running) return {Presence::absent, {}};
  // Its host is known until it has ended: answered 503, not 404.
  if (leaving) return {Presence::without_server, "it was told to stop"};
  if (container.health == Health::starting || container.health == Health::unhealthy) {
    return {options.allow_empty_services ? Presence::without_server : Presence::absent,
            std::string(describe(container.health))};
  }
  return {Presence::serving, {}};
}

}  // namespace sluice::providers::docker
