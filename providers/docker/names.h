// names.h: what a container and its service are called.
#pragma once

#include <string>

#include "providers/docker/container.h"

namespace sluice::providers::docker {

// "<compose service>_<compose project>" where both labels exist, else the container's name. Replicas of a compose
// service share it.
std::string service_name(const Container& container);

// The container in messages: its name, or the first 12 digits of its id.
std::string display_name(const Container& container);

}  // namespace sluice::providers::docker
