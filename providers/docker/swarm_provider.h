// swarm_provider.h: the Swarm provider: the services of a swarm and their labels, as dynamic configuration.
//
// Lives on the control loop. Its task ends only when its scope is cancelled: a connection that breaks is made again for
// ever, and what the manager said last stays in force meanwhile.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "config/problem.h"
#include "config/static_providers.h"
#include "control/provider.h"
#include "providers/docker/retry.h"
#include "providers/docker/settings.h"
#include "providers/docker/swarm_session.h"
#include "rest/client.h"

namespace sluice::providers::docker {

class SwarmProvider final : public control::Provider {
 public:
  // Null when an option cannot be used; the report says which. `client` must outlive the provider. `variables` are
  // Docker's (process.h).
  static std::unique_ptr<SwarmProvider> make(const config::SwarmProvider& options, rest::Client& client,
                                             config::Report& report, const Timing& timing = {},
                                             const std::map<std::string, std::string>& variables = {});

  std::string_view name() const override { return "swarm"; }
  const control::ProviderStats* stats() const override { return &stats_; }
  Task<void> run(control::FragmentSink& sink) override;

 private:
  SwarmProvider(rest::Client& client, Settings settings, Engine::Options engine_options, bool watch, Duration refresh,
                const Timing& timing);

  rest::Client& client_;
  Settings settings_;
  Engine::Options engine_options_;
  bool watch_;
  Duration refresh_;
  Timing timing_;
  control::ProviderStats stats_;
  Retry retry_;
  SwarmSession::Memory memory_;
};

}  // namespace sluice::providers::docker
