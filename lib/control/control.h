// control.h: the running process: starts workers and providers, turns what providers say into snapshots, gives them to
// the workers, and drains when asked to end. Lives on the main thread, which becomes the control thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "async/file_watch.h"
#include "async/mailbox.h"
#include "async/os_signals.h"
#include "control/aggregator.h"
#include "control/armed_challenges.h"
#include "control/entry_points.h"
#include "control/live.h"
#include "control/ocsp_stapler.h"
#include "control/snapshot_builder.h"
#include "server/worker.h"

namespace sluice::control {

class Control final : public LiveSource, private ArmedChallenges::Workers, private OcspStapler::Listener {
 public:
  // A loop must exist on this thread. `configuration`, `kinds` and `metrics` must outlive it.
  Control(const config::Static& configuration, MiddlewareKinds kinds, std::vector<std::unique_ptr<Provider>> providers,
          observe::Metrics& metrics);
  ~Control();

  // Opens the entry points; the report has errors when that fails, and then `run` must not be called.
  config::Report start();

  // Until SIGTERM or SIGINT and the drain after it. The exit status of the process: 0, or 1 when a second signal cut
  // the drain short.
  int run();

  // Runs beside the providers, from `run` until the end of the process; before `run`.
  void accompany(Task<void> task) { companions_.push_back(std::move(task)); }
  const Live& live() const override { return live_state_; }
  // Where answers to challenges are armed; as long as this object.
  ChallengeDesk& challenges() { return challenges_; }

 private:
  Task<void> apply_changes();
  Task<void> follow_files();
  Task<void> rotate_tickets();
  Task<void> follow_workers();
  Task<void> meet_demand(std::string name, IpAddress client);
  Task<void> follow_signals();
  Task<void> drain();
  Task<void> drain_entry_point(std::size_t index);
  // OcspStapler::Listener
  void staple(const std::shared_ptr<const tls::Certificate>& certificate,
              std::shared_ptr<const std::string> response) override;
  // ArmedChallenges::Workers
  void give_all(const server::Order& order) override;
  void end();
  void log_report(const config::Report& report);

  const config::Static& configuration_;
  std::atomic<bool> terminating_{false};
  EntryPoints entry_points_;
  unsigned worker_count_;
  Registry registry_;
  SnapshotBuilder builder_;
  std::vector<std::unique_ptr<Provider>> providers_;
  Aggregator aggregator_;
  std::optional<FileWatch> files_;  // certificates and keys that the last build read
  std::set<std::string> watched_;
  Signal files_known_;
  Mailbox<server::WorkerReport> reports_;
  server::ChallengeCounts challenge_counts_;
  std::optional<server::DemandRules> demand_rules_;
  std::vector<std::unique_ptr<server::Worker>> workers_;
  std::vector<unsigned> undrained_;  // workers with connections left, per entry point
  Signal drained_;
  std::vector<Task<void>> companions_;
  Live live_state_;
  OsSignals signals_;
  Scope scope_;  // everything but the drain
  HealthChecks health_checks_{scope_};
  ArmedChallenges challenges_{worker_count_, *this, scope_};
  TcpHealthChecks tcp_health_checks_{scope_};
  OcspStapler stapler_{configuration_, scope_, *this};
  Scope drain_scope_;
  std::unordered_set<std::string> reported_;  // problems of the last build
  std::uint64_t live_ = 0;                    // the snapshot every worker has adopted
  std::vector<std::uint64_t> adopted_;        // per worker
  bool ended_ = false;
  int exit_status_ = 0;
};

}  // namespace sluice::control
