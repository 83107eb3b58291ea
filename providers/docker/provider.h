// provider.h: the Docker provider: the containers of an engine and their labels, as dynamic configuration.
//
// Lives on the control loop. Its task ends only when its scope is cancelled: a connection that breaks is made again for
// ever, and what the engine said last stays in force meanwhile.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/problem.h"
#include "config/static_providers.h"
#include "control/provider.h"
#include "providers/docker/engine.h"
#include "providers/docker/inventory.h"
#include "providers/docker/retry.h"
#include "providers/docker/timing.h"
#include "rest/client.h"

namespace sluice::providers::docker {

class DockerProvider final : public control::Provider {
 public:
  // Null when an option cannot be used; the report says which. `client` must outlive the provider. `own_id` is how we
  // recognise the container we run in (process.h). `api_version`: the newest to
  // speak; empty: ours.
  static std::unique_ptr<DockerProvider> make(const config::DockerProvider& options, rest::Client& client,
                                              std::string own_id, config::Report& report, Timing timing = {},
                                              std::string_view api_version = {});

  std::string_view name() const override { return "docker"; }
  Task<void> run(control::FragmentSink& sink) override;

 private:
  DockerProvider(rest::Client& client, rest::Server server, Inventory inventory, bool watch,
                 Engine::Options engine_options, Timing timing);

  rest::Client& client_;
  rest::Server server_;
  Inventory inventory_;
  bool watch_;
  Engine::Options engine_options_;
  Timing timing_;
  Retry retry_;
};

}  // namespace sluice::providers::docker
