#include "server/worker.h"

#include <ctime>
#include <future>

#include "base/wiping.h"
#include "proxy/worker_local.h"
#include "server/entry_point.h"
#include "server/udp_entry_point.h"

namespace sluice::server {
namespace {

// Everything a worker's thread owns besides its loop.
class WorkerThread final : public Host,
                           public EntryPoint::Shortage,
                           public PinnedSnapshot::Retire,
                           public CertificateDemand::Control {
 public:
  WorkerThread(unsigned index, std::span<const EntryPointSettings> settings, Mailbox<WorkerReport>& reports,
               const ChallengeCounts* counts, const DemandRules* demand)
      : index_(index), reports_(reports), counts_(counts), local_(index, scope_) {
    if (demand != nullptr) demand_.emplace(*demand, *this);
    for (std::size_t i = 0; i < settings.size(); ++i) {
      if (settings[i].udp) {
        entry_points_.push_back(std::make_unique<UdpEntryPoint>(settings[i], i, *this, connections_scope_));
      } else {
        entry_points_.push_back(
            std::make_unique<EntryPoint>(settings[i], i, *this, connections_scope_, handshakes_, *this));
      }
    }
  }

  Mailbox<Order>& orders() { return orders_; }

  Status bind(std::vector<SocketAddress>& addresses, std::size_t& failed) {
    for (std::size_t i = 0; i < entry_points_.size(); ++i) {
      failed = i;
      Status opened = entry_points_[i]->open(addresses[i]);
      if (!opened) return opened;
      addresses[i] = entry_points_[i]->local();
    }
    return {};
  }

  void run() {
    scope_.spawn(follow_orders());
    Loop::current().run();
    // Lookups on the thread pool cannot be cancelled, so they are waited for.
    scope_.cancel(Error::of(Code::cancelled, "the process ends"));
    while (scope_.running() > 0) Loop::current().run_once();
  }

 private:
  Task<void> follow_orders() {
    for (;;) {
      Result<std::vector<Order>> orders = co_await orders_.receive();
      SLUICE_CHECK(orders.ok());
      for (Order& order : *orders) {
        if (Adopt* adopt = std::get_if<Adopt>(&order)) {
          take(std::move(adopt->snapshot));
        } else if (Arm* arm = std::get_if<Arm>(&order)) {
          challenges_ = std::move(arm->challenges);
          reports_.post(Armed{index_, arm->number});
        } else if (RefuseDemand* refused = std::get_if<RefuseDemand>(&order)) {
          if (demand_) demand_->refuse(refused->name);
        } else if (Drain* drain = std::get_if<Drain>(&order)) {
          entry_points_[drain->entry_point]->drain();
          scope_.spawn(report_drained(drain->entry_point));
        } else {
          co_await end();
          co_return;
        }
      }
    }
  }

  void take(std::shared_ptr<const Snapshot> snapshot) {
    bool first = !pinned_;
    local_.adopt(snapshot->endpoints);
    std::uint64_t number = snapshot->number;
    pinned_ = Ref<PinnedSnapshot>(new PinnedSnapshot(std::move(snapshot), *this));
    if (first) {
      for (auto& entry_point : entry_points_) {
        // Fails only when the loop's set cannot grow, and then nothing works.
        SLUICE_CHECK(entry_point->start().ok());
      }
    }
    if (demand_) demand_->look_again();
    reports_.post(Adopted{index_, number});
  }

  Task<void> report_drained(std::size_t entry_point) {
    Status none = co_await entry_points_[entry_point]->wait_until_none(kNoDeadline);
    if (none) reports_.post(Drained{index_, entry_point});
  }

  Task<void> end() {
    for (auto& entry_point : entry_points_) entry_point->drain();
    connections_scope_.cancel(Error::of(Code::cancelled, "the process ends"));
    co_await connections_scope_.join();
    local_.close_idle();
    pinned_ = Ref<PinnedSnapshot>();
    Loop::current().stop();
  }

  Ref<PinnedSnapshot> snapshot() override { return pinned_; }
  const Challenges* challenges() override { return challenges_.get(); }
  const ChallengeCounts* challenge_counts() override { return counts_; }
  CertificateDemand* certificate_demand() override { return demand_ ? &*demand_ : nullptr; }
  void demand(std::string name, const IpAddress& client) override {
    reports_.post(Demanded{index_, std::move(name), client});
  }

  std::string_view date() override {
    std::time_t now = std::time(nullptr);
    if (now != date_of_) {
      date_of_ = now;
      date_ = http_date(now);
    }
    return date_;
  }

  void descriptors_exhausted() override { local_.close_idle(); }
  void retire(std::shared_ptr<const Snapshot> snapshot) override { reports_.post(Retired{std::move(snapshot)}); }

  unsigned index_;
  Mailbox<WorkerReport>& reports_;
  const ChallengeCounts* counts_;
  std::optional<CertificateDemand> demand_;
  HandshakeGate handshakes_;
  Scope scope_;              // the worker's own tasks
  Scope connections_scope_;  // client connections
  proxy::WorkerLocal local_;
  Mailbox<Order> orders_;
  Ref<PinnedSnapshot> pinned_;
  std::shared_ptr<const Challenges> challenges_;
  std::vector<std::unique_ptr<Entrance>> entry_points_;
  std::string date_;
  std::time_t date_of_ = 0;
};

}  // namespace

struct Worker::Start {
  std::vector<SocketAddress>& addresses;
  std::size_t& failed;
  std::promise<Status> bound;
};

Worker::Worker(unsigned index, std::span<const EntryPointSettings> entry_points, Mailbox<WorkerReport>& reports,
               const ChallengeCounts* counts, const DemandRules* demand)
    : index_(index), entry_points_(entry_points), reports_(reports), counts_(counts), demand_(demand) {}

Worker::~Worker() {
  if (thread_.joinable()) thread_.join();
}

Status Worker::start(std::vector<SocketAddress>& addresses, std::size_t& failed) {
  Start start{addresses, failed, {}};
  std::future<Status> bound = start.bound.get_future();
  thread_ = std::thread([this, &start] { run(start); });
  return bound.get();
}

void Worker::run(Start& start) {
  free_without_wiping();
  Loop loop;
  WorkerThread thread(index_, entry_points_, reports_, counts_, demand_);
  Status bound = thread.bind(start.addresses, start.failed);
  orders_ = &thread.orders();
  bool serve = bound.ok();
  start.bound.set_value(std::move(bound));  // `start` is gone from here on
  if (serve) thread.run();
}

void Worker::give(Order order) { orders_->post(std::move(order)); }

}  // namespace sluice::server
