#include "cmd/checking/engine_source.h"

#include <fmt/format.h>

#include "async/loop.h"
#include "async/scope.h"
#include "cmd/checking/codes.h"
#include "cmd/commands.h"
#include "providers/docker/engine.h"
#include "providers/docker/settings.h"

namespace sluice::cmd::checking {
namespace {

using providers::docker::Container;
using providers::docker::Engine;

constexpr Duration kTimeout = 10s;

Task<Status> read_all(Engine& engine, std::vector<Container>& containers) {
  Status negotiated = co_await engine.negotiate();
  if (!negotiated) co_return negotiated.error();
  Result<std::vector<Container>> listed = co_await engine.list();
  if (!listed) co_return listed.error();
  for (Container& container : *listed) {
    std::string id = container.id;
    Result<std::optional<Container>> inspected = co_await engine.inspect(std::move(id));
    // A proxy before the engine may refuse to inspect: then what the list said must do.
    if (inspected && *inspected) {
      containers.push_back(**inspected);
    } else if (!inspected) {
      containers.push_back(std::move(container));
    }
  }
  co_return Status();
}

Task<void> read_then_stop(Engine& engine, std::vector<Container>& containers, Status& outcome) {
  outcome = co_await read_all(engine, containers);
  Loop::current().stop();
}

}  // namespace

void read_engine(Material& material) {
  config::DockerProvider options;
  if (material.loaded.configuration && material.loaded.configuration->providers.docker) {
    options = *material.loaded.configuration->providers.docker;
  }
  Status outcome;
  std::string complaint;
  config::Report said_elsewhere;
  const auto settings = providers::docker::Settings::of(options, "providers.docker", said_elsewhere);
  if (!settings) {
    outcome = Error::of(Code::invalid, "its options cannot be used");
  } else {
    Loop loop;
    rest::Client client(std::string("sluice/") + kVersion);
    Engine::Options engine_options;
    engine_options.timeout = kTimeout;
    control::ProviderStats unused;
    Engine engine(client, settings->server, engine_options, unused);
    Scope scope;
    scope.spawn(read_then_stop(engine, material.engine_containers, outcome));
    if (scope.running() > 0) loop.run();
    loop.run_ready();
    if (settings->server.connector != nullptr) complaint = settings->server.connector->complaint();
    if (!complaint.empty()) complaint = ": " + complaint;
  }
  if (outcome) {
    material.engine_read = true;
    return;
  }
  material.report.push_back({config::Severity::error,
                             std::string(code::kUnreadable),
                             fmt::format("the engine cannot be asked: {}{}", outcome.error().text, complaint),
                             {options.endpoint},
                             "its labels are not checked",
                             "see to it that the engine runs and may be asked"});
  material.unreadable = true;
}

}  // namespace sluice::cmd::checking
