// swarm_session.h: one connection period with a swarm's manager: everything is read every `refresh`, and at once when
// an event says that something changed.
//
// A swarm tells of services and nodes, but of tasks only what containers of the manager's own node do, so the regular
// look stays. All tasks belong to the control loop; they end together, at the first error.
#pragma once

#include <memory>
#include <optional>

#include "async/scope.h"
#include "async/signal.h"
#include "control/provider.h"
#include "providers/docker/engine.h"
#include "providers/docker/merge.h"
#include "providers/docker/settings.h"
#include "providers/docker/swarm_json.h"
#include "providers/docker/timing.h"

namespace sluice::providers::docker {

class SwarmSession {
 public:
  // What is kept from one connection to the next.
  struct Memory {
    Merger merger;
    std::optional<Swarm> last;  // what the last fragment was made of
  };

  SwarmSession(Engine engine, const Settings& settings, Memory& memory, control::FragmentSink& sink, Duration refresh,
               const Timing& timing);

  // As Session::run.
  Task<Status> run(bool watch);

  // At least one fragment was published.
  bool synced() const { return synced_; }

 private:
  Task<Status> look();
  Task<Result<Swarm>> read_swarm();
  Task<void> keep_looking();
  Task<void> read_events();
  Task<void> keep_pinging();
  void publish(Swarm swarm);
  void fail(const Error& error);

  Engine engine_;
  const Settings& settings_;
  Memory& memory_;
  control::FragmentSink& sink_;
  Duration refresh_;
  const Timing& timing_;
  std::unique_ptr<rest::LineStream> events_;
  Scope* scope_ = nullptr;
  int looks_wanted_ = 0;
  Signal look_asked_for_;
  bool synced_ = false;
  std::optional<Error> failure_;
};

}  // namespace sluice::providers::docker
