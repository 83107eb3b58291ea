// settings.h: the options of providers.docker and providers.swarm in the form the providers use. Pure, but for a look
// whether there is a program `ssh`.
#pragma once

#include <optional>
#include <string_view>

#include "config/problem.h"
#include "config/static_providers.h"
#include "providers/docker/default_rule.h"
#include "providers/docker/inference.h"
#include "rest/call.h"

namespace sluice::providers::docker {

struct Settings {
  rest::Server server;
  DefaultRule default_rule;
  InferenceOptions inference;

  // Nothing when an option cannot be used; the report says which. `path` is "providers.docker".
  static std::optional<Settings> of(const config::DockerProvider& options, std::string_view path,
                                    config::Report& report);
};

// What both providers have in common.
config::DockerProvider common_options(const config::SwarmProvider& options);

}  // namespace sluice::providers::docker
