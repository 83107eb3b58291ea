// parking.h: requests that wait for the first server of a service, instead of an answer 503.
//
// While a service has no server its handler is `Parked`: a request waits there until a newer configuration has one, or
// its patience ends. Service and newer service meet in a `ParkingLot`, which is kept under the service's name.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "proxy/handler.h"

namespace sluice::proxy {

// Lives as long as a service of its name asks for it. `set` is for the control thread, the rest for any worker; only
// requests that wait take the lock.
class ParkingLot {
 public:
  // Requests of one service that wait at the same time; further ones are answered at once.
  static constexpr int kMost = 512;

  // The handler of the service, now that it has servers; null when it has none.
  void set(std::shared_ptr<const Handler> serving);
  std::shared_ptr<const Handler> serving() const;

  // False when the lot is full. Who entered leaves.
  bool enter();
  void leave() { waiting_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Handler> serving_;
  std::atomic<int> waiting_{0};
};

// Immutable, as every handler.
class Parked final : public Handler {
 public:
  static constexpr Duration kMostPatience = 60s;

  // `empty` is the service without servers: it gives the answer when nobody came.
  Parked(std::shared_ptr<const Handler> empty, std::shared_ptr<ParkingLot> lot, Duration patience);

  Task<Result<http::Response>> handle(http::Request& request) const override;

 private:
  std::shared_ptr<const Handler> empty_;
  std::shared_ptr<ParkingLot> lot_;
  Duration patience_;
};

}  // namespace sluice::proxy
