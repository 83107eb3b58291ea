// static_checks.h: what holds between static options: objects that exist without being written, and contradictions.
#pragma once

#include "config/problem.h"
#include "config/static_config.h"

namespace sluice::config {

// Entry point "http" on :80 when there is none, and "traefik" on :8080 when something wants to be served there.
void add_implicit_entry_points(Static& configuration);

void check_static(const Static& configuration, Report& report);

}  // namespace sluice::config
