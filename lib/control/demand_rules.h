// demand_rules.h: for which names the resolvers of a static configuration obtain certificates when they are asked for.
#pragma once

#include <optional>

#include "config/static_config.h"
#include "server/certificate_demand.h"

namespace sluice::control {

// Of all resolvers together. Nothing when none has `onDemand`.
std::optional<server::DemandRules> demand_rules(const config::Static& configuration);
// Of one.
server::DemandRules demand_rules(const config::OnDemand& options);

// "*.example.com" or a name, canonical; nothing for what is neither.
std::optional<route::HostPattern> demand_pattern(std::string_view written);

}  // namespace sluice::control
