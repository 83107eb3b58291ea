// worker.h: one thread of the data plane: a loop, its listeners, its connections and its upstreams. Workers share
// nothing but the immutable snapshot; the control thread talks to them through mailboxes.
#pragma once

#include <memory>
#include <span>
#include <thread>
#include <variant>
#include <vector>

#include "async/mailbox.h"
#include "server/certificate_demand.h"
#include "server/challenge_counts.h"
#include "server/challenges.h"
#include "server/entry_point_settings.h"
#include "server/snapshot.h"

namespace sluice::server {

// What the control thread tells a worker.
struct Adopt {  // run on these routes; the first one starts accepting
  std::shared_ptr<const Snapshot> snapshot;
};
struct Arm {  // answer these challenges, and no others
  std::uint64_t number = 0;
  std::shared_ptr<const Challenges> challenges;  // null: none
};
struct RefuseDemand {  // this name gets no certificate now
  std::string name;
};
struct Drain {  // close the listener of this entry point, finish its connections
  std::size_t entry_point = 0;
};
struct End {};  // cancel everything and leave the thread
using Order = std::variant<Adopt, Arm, RefuseDemand, Drain, End>;

// What a worker tells the control thread.
struct Adopted {
  unsigned worker = 0;
  std::uint64_t snapshot = 0;
};
struct Armed {  // what it was to answer, it answers
  unsigned worker = 0;
  std::uint64_t number = 0;
};
struct Demanded {  // a handshake waits for a certificate of this name
  unsigned worker = 0;
  std::string name;
  IpAddress client;
};
struct Drained {  // no connection of this entry point is left
  unsigned worker = 0;
  std::size_t entry_point = 0;
};
struct Retired {  // no exchange of this worker uses the snapshot any more; to be destroyed where it was built
  std::shared_ptr<const Snapshot> snapshot;
};
using WorkerReport = std::variant<Adopted, Armed, Demanded, Drained, Retired>;

class Worker {
 public:
  // All must outlive the worker. `counts` null: nobody counts the questions of CAs. `demand` null: no name gets a
  // certificate because of a handshake.
  Worker(unsigned index, std::span<const EntryPointSettings> entry_points, Mailbox<WorkerReport>& reports,
         const ChallengeCounts* counts = nullptr, const DemandRules* demand = nullptr);
  // Joins the thread: give the order `End` before.
  ~Worker();

  // Starts the thread and binds `addresses`, one per entry point; returns when that is done. Port 0 becomes the port
  // taken. Error: of the first address that could not be bound; its index is `failed`.
  Status start(std::vector<SocketAddress>& addresses, std::size_t& failed);

  // Control thread.
  void give(Order order);

 private:
  struct Start;
  void run(Start& start);

  unsigned index_;
  std::span<const EntryPointSettings> entry_points_;
  Mailbox<WorkerReport>& reports_;
  const ChallengeCounts* counts_;
  const DemandRules* demand_;
  Mailbox<Order>* orders_ = nullptr;  // in the worker's thread; valid from start to End
  std::thread thread_;
};

}  // namespace sluice::server
