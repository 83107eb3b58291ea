#include "providers/docker/visibility.h"

#include "base/text.h"

namespace sluice::providers::docker {

bool is_one_off(const Container& container) {
  auto label = container.labels.find("com.docker.compose.oneoff");
  return label != container.labels.end() && iequals(label->second, "true");
}

Visibility visibility_of(const Container& container, const config::LabelConfiguration& labels, bool leaving,
                         const Exposure& exposure) {
  if (!labels.usable || !labels.enable.value_or(exposure.by_default)) return {Presence::absent, {}};
  if (exposure.constraint && !exposure.constraint->met_by(container.labels)) return {Presence::absent, {}};

  if (is_one_off(container) && !labels.docker.one_off) return {Presence::absent, {}};

  bool running = container.state == State::running || (container.state == State::paused && exposure.keep_paused);
  if (labels.docker.allow_non_running) {
    return {running && !leaving ? Presence::serving : Presence::without_server, {}};
  }
  if (container.state == State::created || container.state == State::ended) return {Presence::absent, {}};
  if (!running && container.state == State::paused) return {Presence::without_server, "it is paused"};
  if (container.state == State::restarting) return {Presence::without_server, "it is being restarted"};
  if (leaving) return {Presence::without_server, "it was told to stop"};
  if (container.health == Health::starting) {
    return {Presence::without_server, "its health check has not succeeded yet"};
  }
  if (container.health == Health::unhealthy) return {Presence::without_server, "its health check fails"};
  return {Presence::serving, {}};
}

}  // namespace sluice::providers::docker
