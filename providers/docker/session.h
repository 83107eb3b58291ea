// session.h: one connection period with an engine: subscribe, list, then look at what events name.
//
// The order matters: events that come while the list is made are not lost. One task reads events, one lists (at the
// start, every minute, when events were lost; more often while none can come), a few look at containers, one does what
// is due by the clock, one pings, because a dead stream is as silent as an idle one. All belong to the control loop;
// they end together, at the first error that is the connection's.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "async/scope.h"
#include "async/signal.h"
#include "control/provider.h"
#include "providers/docker/engine.h"
#include "providers/docker/inventory.h"
#include "providers/docker/timing.h"

namespace sluice::providers::docker {

class Session {
 public:
  Session(Engine engine, Inventory& inventory, control::FragmentSink& sink, const Timing& timing);

  // Ends with an error; what the scope was cancelled with, or why the connection is over. `watch` false: ends well
  // after the first fragment.
  Task<Status> run(bool watch);

  // The engine was listed and everything looked at, at least once.
  bool synced() const { return synced_; }

 private:
  Task<Status> subscribe();
  Status take_events(int status);
  Task<void> read_events();
  Task<void> wait_for_sync();
  Task<void> keep_listing();
  Task<void> keep_looking();
  Task<void> keep_time();
  Task<void> keep_pinging();
  Task<void> limit_sync();
  Task<void> find_host();
  Task<Result<std::vector<Container>>> believable_list();

  Duration resync_period() const;
  void note_silence();
  bool handle(const Event& event);
  void look_at(std::string id);
  std::optional<std::string> next_to_look_at();
  void list_soon();
  void settle();
  void finish_sync();
  void publish();
  void fail(const Error& error);

  Engine engine_;
  Inventory& inventory_;
  control::FragmentSink& sink_;
  const Timing& timing_;
  std::unique_ptr<rest::DrainedLines> events_;  // null: they are refused, or not wanted
  Scope* scope_ = nullptr;

  std::set<std::string> wanted_;     // to be looked at
  std::set<std::string> in_flight_;  // being looked at
  Signal looks_changed_;
  bool list_wanted_ = true;
  Signal list_asked_for_;
  bool listed_ = false;
  bool silence_said_ = false;
  bool host_asked_ = false;
  bool synced_ = false;
  Signal synced_signal_;
  Signal due_changed_;  // Inventory::next_overdue may be earlier now
  bool dirty_ = false;  // the last fragment published is out of date
  Time published_at_;
  std::optional<Error> failure_;
};

}  // namespace sluice::providers::docker
