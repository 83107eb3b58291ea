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
#include "providers/docker/inventory.h"
#include "providers/docker/timing.h"
#include "rest/client.h"

namespace sluice::providers::docker {

class DockerProvider final : public control::Provider {
 public:
  // Null when an option cannot be used; the report says which. `client` must outlive the provider. `own_hostname` is
  // how we recognise the container we run in (os_hostname).
  static std::unique_ptr<DockerProvider> make(const config::DockerProvider& options, rest::Client& client,
                                              std::string own_hostname, config::Report& report, Timing timing = {});

  std::string_view name() const override { return "docker"; }
  Task<void> run(control::FragmentSink& sink) override;

 private:
  DockerProvider(rest::Client& client, rest::Server server, Inventory inventory, bool watch, Timing timing);

  void log_failure(const Error& error, Duration delay) const;

  rest::Client& client_;
  rest::Server server_;
  Inventory inventory_;
  bool watch_;
  Timing timing_;
};

// gethostname(2).
std::string os_hostname();

}  // namespace sluice::providers::docker
