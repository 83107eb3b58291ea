#include "providers/docker/swarm_provider.h"

#include <utility>

#include "async/signal.h"
#include "async/timer.h"
#include "providers/docker/process.h"

namespace sluice::providers::docker {

std::unique_ptr<SwarmProvider> SwarmProvider::make(const config::SwarmProvider& options, rest::Client& client,
                                                   config::Report& report, const Timing& timing,
                                                   const std::map<std::string, std::string>& variables) {
  config::DockerProvider common = with_environment(common_options(options), variables);
  std::optional<Settings> settings = Settings::of(common, "providers.swarm", report);
  if (!settings) return nullptr;
  settings->inference.kind = "service";
  Engine::Options engine_options;
  engine_options.timeout = options.http_client_timeout > 0s ? options.http_client_timeout : timing.call;
  Duration refresh = options.refresh_seconds > 0s ? options.refresh_seconds : config::SwarmProvider().refresh_seconds;
  return std::unique_ptr<SwarmProvider>(
      new SwarmProvider(client, *std::move(settings), engine_options, options.watch, refresh, timing));
}

SwarmProvider::SwarmProvider(rest::Client& client, Settings settings, Engine::Options engine_options, bool watch,
                             Duration refresh, const Timing& timing)
    : client_(client),
      settings_(std::move(settings)),
      engine_options_(engine_options),
      watch_(watch),
      refresh_(refresh),
      timing_(timing),
      retry_("swarm", settings_.server, timing_) {}

Task<void> SwarmProvider::run(control::FragmentSink& sink) {
  Scope* scope = co_await current_scope();
  for (;;) {
    Time started = Loop::current().now();
    SwarmSession session(Engine(client_, settings_.server, engine_options_, stats_), settings_, memory_, sink, refresh_,
                         timing_);
    Status ended = co_await session.run(watch_);
    if (scope != nullptr && scope->cancelled()) co_return;
    if (ended) break;  // watch: false
    Duration pause = retry_.after(ended.error(), session.synced(), Loop::current().now() - started);
    Status rested = co_await sleep_for(pause);
    if (!rested) co_return;
    ++stats_.reconnects;
  }
  Signal never;
  Status cancelled = co_await never.wait();
  (void)cancelled;
}

}  // namespace sluice::providers::docker
