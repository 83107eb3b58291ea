// provider.h: the Docker provider: the containers of one or more engines and their labels, as dynamic configuration.
//
// Lives on the control loop. Its task ends only when its scope is cancelled: a connection that breaks is made again for
// ever, and what the engine said last stays in force meanwhile. Engines do not wait for each other.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
  const control::ProviderStats* stats() const override { return &stats_; }
  Task<void> run(control::FragmentSink& sink) override;

 private:
  // One engine and its containers.
  struct Part {
    Part(rest::Server server_in, Inventory inventory_in, const Timing& timing)
        : server(std::move(server_in)), inventory(std::move(inventory_in)), retry("docker", server, timing) {}
    rest::Server server;
    Inventory inventory;
    Retry retry;
  };

  DockerProvider(rest::Client& client, bool watch, Engine::Options engine_options, Timing timing)
      : client_(client), watch_(watch), engine_options_(engine_options), timing_(timing) {}

  Task<void> follow(Part& part, control::FragmentSink& sink);

  rest::Client& client_;
  bool watch_;
  Engine::Options engine_options_;
  Timing timing_;
  control::ProviderStats stats_;  // of all engines
  std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace sluice::providers::docker
