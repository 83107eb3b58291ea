// internal_provider.h: what the static configuration implies: redirections of entry points and the ping router, as a
// fragment of the provider "internal", and the services behind such names.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "config/static_config.h"
#include "control/provider.h"
#include "proxy/handler.h"

namespace sluice::control {

// Fixed for the life of the process. Its report names redirections that cannot be made.
Fragment internal_fragment(const config::Static& configuration);

// ping@internal (200 "OK", or the terminating status once `terminating` is set) and noop@internal (418).
// `terminating` must outlive the handlers.
std::map<std::string, std::shared_ptr<const proxy::Handler>> internal_services(const config::Static& configuration,
                                                                               const std::atomic<bool>& terminating);

}  // namespace sluice::control
