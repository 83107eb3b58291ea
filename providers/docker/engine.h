// engine.h: what we ask of a Docker engine. GET and HEAD only, and only these paths: /_ping, /version,
// /containers/json, /containers/{id}/json, /events; for a swarm also /services, /tasks, /nodes, /networks.
//
// One per connection period: the version is negotiated anew after every reconnect, because the engine behind a socket
// may be another one by then. Belongs to the control loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "control/provider_stats.h"
#include "providers/docker/container.h"
#include "providers/docker/engine_json.h"
#include "rest/client.h"
#include "rest/drained_lines.h"

namespace sluice::providers::docker {

class Engine {
 public:
  // The dialect we speak with engines that offer it; nothing newer is needed.
  static constexpr ApiVersion kDialect{1, 44};

  // How one container is described.
  enum class Inspect {
    automatic,  // by inspection, or from the list where that is refused
    always,     // by inspection
    never,      // from the list, so that its environment never comes near us
  };

  struct Options {
    Duration timeout = 10s;  // for every call but the event stream
    ApiVersion dialect = kDialect;
    Inspect inspect = Inspect::automatic;
  };

  // `stats`, where its calls are counted, must outlive it, like the client.
  Engine(rest::Client& client, rest::Server server, Options options, control::ProviderStats& stats);
  control::ProviderStats& stats() const { return stats_; }

  // Finds the version to speak: as far as a socket proxy lets it, by /_ping, /version, or a refusal that names it.
  Task<Status> negotiate();
  ApiVersion version() const { return version_; }
  // Known after `negotiate`, as far as a socket proxy lets it through.
  bool is_podman() const { return podman_; }

  // Each connection takes a program's start and a login.
  bool is_far() const { return server_.connector != nullptr; }

  // Whether somebody is there, whatever the answer is.
  Task<Status> ping(Duration patience);

  // Errors of the calls below: those of rest::Client::send; security when the engine, or a proxy before it, refuses the
  // call; unavailable for another unexpected status; invalid for an answer that cannot be read.

  // All containers, running or not.
  Task<Result<std::vector<Container>>> list();
  // One container; nothing when there is none of this id. From the list it has less (engine_json.h).
  Task<Result<std::optional<Container>>> inspect(std::string id);
  // Events about containers and their networks, read on a thread of their own: a daemon waits for who listens to it.
  std::unique_ptr<rest::DrainedLines> events();
  // Events that pass a filter, a JSON object.
  Result<std::unique_ptr<rest::LineStream>> events(std::string_view filter);
  // Another document: the body of the answer to GET `path`, which is without a version.
  Task<Result<std::string>> read(std::string path);

 private:
  static const std::string_view kContainerEvents;

  Task<Result<std::optional<Container>>> find_in_list(std::string id);
  Task<Result<rest::Reply>> get(std::string path, std::size_t max_reply);
  rest::Call call(std::string method, std::string path) const;
  rest::Call call_for_events(std::string_view filter) const;
  bool learn(const rest::Reply& reply);
  void choose(const ApiRange& range);

  rest::Client& client_;
  rest::Server server_;
  Options options_;
  control::ProviderStats& stats_;
  ApiVersion version_;
  bool podman_ = false;
  bool inspect_refused_ = false;  // Inspect::automatic: the list has to do from now on
};

// Whether the answer to the call for events is that of a proxy that does not allow it. The log is told, and how often
// the engine is asked instead.
bool events_refused(int status, std::string_view provider, Duration interval);

}  // namespace sluice::providers::docker
