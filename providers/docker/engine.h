// engine.h: what we ask of a Docker engine. GET and HEAD only, and only these paths: /_ping, /version,
// /containers/json, /containers/{id}/json, /events.
//
// One per connection period: the version is negotiated anew after every reconnect, because the engine behind a socket
// may be another one by then. Belongs to the control loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "providers/docker/container.h"
#include "providers/docker/engine_json.h"
#include "rest/client.h"

namespace sluice::providers::docker {

class Engine {
 public:
  // The dialect we speak with engines that offer it; nothing newer is needed.
  static constexpr ApiVersion kDialect{1, 44};

  // `timeout` is for every call but the event stream.
  Engine(rest::Client& client, rest::Server server, Duration timeout);

  // Finds the version to speak: as far as a socket proxy lets it, by /_ping, /version, or a refusal that names it.
  Task<Status> negotiate();
  ApiVersion version() const { return version_; }

  // Errors of the calls below: those of rest::Client::send; security when the engine, or a proxy before it, refuses the
  // call; unavailable for another unexpected status; invalid for an answer that cannot be read.

  // All containers, running or not.
  Task<Result<std::vector<Container>>> list();
  // One container; nothing when there is none of this id.
  Task<Result<std::optional<Container>>> inspect(std::string id);
  // Events about containers and their networks.
  Result<std::unique_ptr<rest::LineStream>> events();

 private:
  Task<Result<rest::Reply>> get(std::string path, std::size_t max_reply);
  rest::Call call(std::string method, std::string path) const;
  bool learn(const rest::Reply& reply);
  void choose(const ApiRange& range);

  rest::Client& client_;
  rest::Server server_;
  Duration timeout_;
  ApiVersion version_ = kDialect;
};

}  // namespace sluice::providers::docker
