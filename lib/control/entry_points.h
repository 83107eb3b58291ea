// entry_points.h: entry points of the static configuration in the form workers use.
#pragma once

#include <vector>

#include "config/static_config.h"
#include "server/entry_point_settings.h"

namespace sluice::control {

struct EntryPoints {
  std::vector<server::EntryPointSettings> settings;  // in order of their names
  config::Report report;                             // with errors, start-up must fail
};

// Resolves host names of addresses (blocking; at start-up only).
EntryPoints make_entry_points(const config::Static& configuration);

// As many workers as CPUs the process may use: its affinity, and the quota of its control group, rounded up.
unsigned default_workers();

}  // namespace sluice::control
