#include "proxy/parking.h"

#include <algorithm>
#include <utility>

#include "async/timer.h"

namespace sluice::proxy {
namespace {

// A server that came is noticed so soon.
constexpr Duration kLook = 20ms;

// The body of a response, and the handler it came from: that one belongs to a newer snapshot than the exchange holds.
class BodyOfParked final : public http::Body {
 public:
  BodyOfParked(std::shared_ptr<const Handler> handler, std::unique_ptr<http::Body> inner)
      : handler_(std::move(handler)), inner_(std::move(inner)) {}

  Task<Result<http::Bytes>> read() override { return inner_->read(); }
  bool ready() const override { return inner_->ready(); }
  const http::Fields* trailers() const override { return inner_->trailers(); }
  std::optional<std::uint64_t> remaining() const override { return inner_->remaining(); }
  net::Stream* direct() override { return inner_->direct(); }
  void moved(std::uint64_t bytes) override { inner_->moved(bytes); }

 private:
  std::shared_ptr<const Handler> handler_;  // outlives `inner_`
  std::unique_ptr<http::Body> inner_;
};

class Place {
 public:
  explicit Place(ParkingLot& lot) : lot_(lot), taken_(lot.enter()) {}
  ~Place() {
    if (taken_) lot_.leave();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool taken() const { return taken_; }

 private:
  ParkingLot& lot_;
  bool taken_;
};

}  // namespace

void ParkingLot::set(std::shared_ptr<const Handler> serving) {
  const std::lock_guard<std::mutex> lock(mutex_);
  serving_.swap(serving);
}

std::shared_ptr<const Handler> ParkingLot::serving() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return serving_;
}

bool ParkingLot::enter() {
  if (waiting_.fetch_add(1, std::memory_order_relaxed) < kMost) return true;
  leave();
  return false;
}

Parked::Parked(std::shared_ptr<const Handler> empty, std::shared_ptr<ParkingLot> lot, Duration patience)
    : empty_(std::move(empty)), lot_(std::move(lot)), patience_(std::min(patience, kMostPatience)) {}

Task<Result<http::Response>> Parked::handle(http::Request& request) const {
  std::shared_ptr<const Handler> serving = lot_->serving();
  if (serving == nullptr) {
    Place place(*lot_);
    Deadline end = Loop::current().now() + patience_;
    while (place.taken() && serving == nullptr && Loop::current().now() < end) {
      Status waited = co_await sleep_for(kLook);
      if (!waited) co_return waited.error();
      serving = lot_->serving();
    }
  }
  if (serving == nullptr) {
    Result<http::Response> refused = co_await empty_->handle(request);
    co_return refused;
  }
  Result<http::Response> response = co_await serving->handle(request);
  // What the request remembers of the service is its own from here on.
  request.service = request.arena.copy(request.service);
  request.server = request.arena.copy(request.server);
  bool holds = response && (response->body != nullptr || response->tunnel != nullptr);
  if (holds) response->body = std::make_unique<BodyOfParked>(std::move(serving), std::move(response->body));
  co_return response;
}

}  // namespace sluice::proxy
