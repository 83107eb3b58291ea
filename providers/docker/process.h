// process.h: what the provider takes from its own process: the container it runs in, and the variables Docker's tools
// obey. The reading functions look at the system; the others are pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/static_providers.h"

namespace sluice::providers::docker {

// The id of the container whose process has this /proc/self/mountinfo, or else this /proc/self/cgroup; empty outside.
// Docker and Podman mount /etc/hostname, /etc/hosts and /etc/resolv.conf from a folder named after the container.
std::string container_id(std::string_view mountinfo, std::string_view cgroup);

// The id of the container we run in; the host's name, which is the beginning of it by default, where the system does
// not tell.
std::string own_container_id();

// The options as DOCKER_HOST, DOCKER_CERT_PATH and DOCKER_TLS_VERIFY change them: as in Traefik they go before what is
// configured.
config::DockerProvider with_environment(config::DockerProvider options,
                                        const std::map<std::string, std::string>& variables);

// Of our process: DOCKER_HOST, DOCKER_CERT_PATH, DOCKER_TLS_VERIFY, DOCKER_API_VERSION, as far as they are set.
std::map<std::string, std::string> docker_variables();

}  // namespace sluice::providers::docker
