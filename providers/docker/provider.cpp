#include "providers/docker/provider.h"

#include <algorithm>
#include <utility>

#include "async/signal.h"
#include "async/timer.h"
#include "providers/docker/session.h"
#include "providers/docker/settings.h"

namespace sluice::providers::docker {

namespace {

// The options as another engine has them.
config::DockerProvider options_for(const config::DockerProvider& options, const config::DockerEngine& engine) {
  config::DockerProvider own = options;
  own.endpoint = engine.endpoint;
  own.username = engine.username;
  own.password = engine.password;
  own.tls = engine.tls;
  if (!engine.network.empty()) own.network = engine.network;
  own.use_bind_port_ip = engine.use_bind_port_ip.value_or(options.use_bind_port_ip);
  return own;
}

}  // namespace

std::unique_ptr<DockerProvider> DockerProvider::make(const config::DockerProvider& options, rest::Client& client,
                                                     std::string own_id, config::Report& report, Timing timing,
                                                     std::string_view api_version) {
  if (options.resync_interval != config::DockerProvider().resync_interval) timing.resync = options.resync_interval;
  Engine::Options engine_options;
  engine_options.timeout = options.http_client_timeout > 0s ? options.http_client_timeout : timing.call;
  if (options.inspect == "never") engine_options.inspect = Engine::Inspect::never;
  if (options.inspect == "always") engine_options.inspect = Engine::Inspect::always;
  if (std::optional<ApiVersion> wanted = ApiVersion::parse(api_version)) {
    engine_options.dialect = std::min(*wanted, Engine::kDialect);
  }
  std::unique_ptr<DockerProvider> made(new DockerProvider(client, options.watch, engine_options, timing));
  auto add = [&](const config::DockerProvider& engine, const std::string& path) {
    std::optional<Settings> settings = Settings::of(engine, path, report);
    if (!settings) return false;
    Inventory inventory(std::move(settings->inference), std::move(settings->default_rule), own_id,
                        options.route_grace_time);
    made->parts_.push_back(std::make_unique<Part>(std::move(settings->server), std::move(inventory), made->timing_));
    return true;
  };
  bool usable = add(options, "providers.docker");
  for (const auto& [name, engine] : options.engines) {
    usable = add(options_for(options, engine), "providers.docker.engines." + name) && usable;
  }
  if (!usable) return nullptr;
  if (made->parts_.size() > 1) {
    auto group = std::make_shared<Inventory::Group>();
    for (const auto& part : made->parts_) part->inventory.join(group);
  }
  return made;
}

Task<void> DockerProvider::run(control::FragmentSink& sink) {
  Scope* outer = co_await current_scope();
  Scope scope(outer);
  for (const auto& part : parts_) scope.spawn(follow(*part, sink));
  co_await scope.join();
}

Task<void> DockerProvider::follow(Part& part, control::FragmentSink& sink) {
  Scope* scope = co_await current_scope();
  for (;;) {
    Time started = Loop::current().now();
    Session session(Engine(client_, part.server, engine_options_, stats_), part.inventory, sink, timing_);
    Status ended = co_await session.run(watch_);
    if (scope->cancelled()) co_return;
    if (ended) break;  // watch: false
    Duration pause = part.retry.after(ended.error(), session.synced(), Loop::current().now() - started);
    Status rested = co_await sleep_for(pause);
    if (!rested) co_return;
    ++stats_.reconnects;
  }
  Signal never;
  Status cancelled = co_await never.wait();
  (void)cancelled;
}

}  // namespace sluice::providers::docker
