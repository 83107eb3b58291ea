// options.h: the provider's options as the pure parts take them. `sluice check` makes the same inventory as the
// provider.
#pragma once

#include <optional>
#include <string>

#include "config/problem.h"
#include "config/static_providers.h"
#include "providers/docker/inventory.h"

namespace sluice::providers::docker {

// Nothing when an option cannot be used; the report says which. `own_hostname`: see Inventory.
std::optional<Inventory> make_inventory(const config::DockerProvider& options, std::string own_hostname,
                                        config::Report& report);

// An option that cannot be used, so that the provider does not start.
void refuse_option(config::Report& report, const std::string& option, const std::string& what, std::string fix);

}  // namespace sluice::providers::docker
