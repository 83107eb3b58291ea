#include "providers/docker/provider.h"

#include <algorithm>
#include <utility>

#include "async/signal.h"
#include "async/timer.h"
#include "providers/docker/session.h"
#include "providers/docker/settings.h"

namespace sluice::providers::docker {

std::unique_ptr<DockerProvider> DockerProvider::make(const config::DockerProvider& options, rest::Client& client,
                                                     std::string own_id, config::Report& report, Timing timing,
                                                     std::string_view api_version) {
  std::optional<Settings> settings = Settings::of(options, "providers.docker", report);
  if (!settings) return nullptr;
  if (options.resync_interval != config::DockerProvider().resync_interval) timing.resync = options.resync_interval;
  Engine::Options engine_options;
  engine_options.timeout = options.http_client_timeout > 0s ? options.http_client_timeout : timing.call;
  if (options.inspect == "never") engine_options.inspect = Engine::Inspect::never;
  if (options.inspect == "always") engine_options.inspect = Engine::Inspect::always;
  if (std::optional<ApiVersion> wanted = ApiVersion::parse(api_version)) {
    engine_options.dialect = std::min(*wanted, Engine::kDialect);
  }
  Inventory inventory(std::move(settings->inference), std::move(settings->default_rule), std::move(own_id),
                      options.route_grace_time);
  return std::unique_ptr<DockerProvider>(new DockerProvider(client, std::move(settings->server), std::move(inventory),
                                                            options.watch, engine_options, timing));
}

DockerProvider::DockerProvider(rest::Client& client, rest::Server server, Inventory inventory, bool watch,
                               Engine::Options engine_options, Timing timing)
    : client_(client),
      server_(std::move(server)),
      inventory_(std::move(inventory)),
      watch_(watch),
      engine_options_(engine_options),
      timing_(timing),
      retry_("docker", server_, timing_) {}

Task<void> DockerProvider::run(control::FragmentSink& sink) {
  Scope* scope = co_await current_scope();
  for (;;) {
    Time started = Loop::current().now();
    Session session(Engine(client_, server_, engine_options_), inventory_, sink, timing_);
    Status ended = co_await session.run(watch_);
    if (scope != nullptr && scope->cancelled()) co_return;
    if (ended) break;  // watch: false
    Duration pause = retry_.after(ended.error(), session.synced(), Loop::current().now() - started);
    Status rested = co_await sleep_for(pause);
    if (!rested) co_return;
  }
  Signal never;
  Status cancelled = co_await never.wait();
  (void)cancelled;
}

}  // namespace sluice::providers::docker
