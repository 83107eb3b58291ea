// worker.h: one thread of the data plane: a loop, its listeners, its connections and its upstreams. Workers share
// nothing but the immutable snapshot; the control thread talks to them through mailboxes.
#pragma once

#include <memory>
#include <span>
#include <thread>
#include <variant>
#include <vector>

#include "async/mailbox.h"
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
struct Drain {  // close the listener of this entry point, finish its connections
  std::size_t entry_point = 0;
};
struct End {};  // cancel everything and leave the thread
using Order = std::variant<Adopt, Arm, Drain, End>;

// What a worker tells the control thread.
struct Adopted {
  unsigned worker = 0;
  std::uint64_t snapshot = 0;
};
struct Armed {  // what it was to answer, it answers
  unsigned worker = 0;
  std::uint64_t number = 0;
};
struct Drained {  // no connection of this entry point is left
  unsigned worker = 0;
  std::size_t entry_point = 0;
};
struct Retired {  // no exchange of this worker uses the snapshot any more; to be destroyed where it was built
  std::shared_ptr<const Snapshot> snapshot;
};
using WorkerReport = std::variant<Adopted, Armed, Drained, Retired>;

class Worker {
 public:
  // `entry_points` must outlive the worker; `reports` too.
  Worker(unsigned index, std::span<const EntryPointSettings> entry_points, Mailbox<WorkerReport>& reports);
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
  Mailbox<Order>* orders_ = nullptr;  // in the worker's thread; valid from start to End
  std::thread thread_;
};

}  // namespace sluice::server
