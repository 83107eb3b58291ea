// Requests that wait for a server.
#include "proxy/parking.h"

#include "async/scope.h"
#include "async/timer.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::proxy;

namespace {

class Answers final : public Handler {
 public:
  explicit Answers(std::uint16_t status) : status_(status) {}
  Task<Result<http::Response>> handle(http::Request& request) const override {
    request.service = name_;
    co_return http::text_response(request.arena, status_, "text");
  }

 private:
  std::string name_ = "a name that is long enough to live on the heap";
  std::uint16_t status_;
};

struct Exchange {
  http::Peer peer;
  Arena arena;
  http::Request request{arena, peer};
};

Task<Result<http::Response>> ask(const Handler& handler, http::Request& request) {
  Result<http::Response> response = co_await handler.handle(request);
  co_return response;
}

Task<void> open_later(ParkingLot& lot, Duration after) {
  Status waited = co_await sleep_for(after);
  (void)waited;
  lot.set(std::make_shared<Answers>(200));
}

// A server comes after a moment, and is replaced while its response is read.
Task<bool> served_after_a_wait() {
  auto lot = std::make_shared<ParkingLot>();
  Parked parked(std::make_shared<Answers>(503), lot, 10s);
  Exchange exchange;
  Scope scope;
  scope.spawn(open_later(*lot, 30ms));
  Result<http::Response> response = co_await ask(parked, exchange.request);
  co_await scope.join();
  lot->set(nullptr);
  Result<http::Bytes> text = co_await response->body->read();
  co_return response->status == 200 && *text == "text" && exchange.request.service.starts_with("a name");
}

Task<Result<http::Response>> ask_once(const Handler& handler, Exchange& exchange) {
  Result<http::Response> response = co_await ask(handler, exchange.request);
  co_return response;
}

}  // namespace

TEST_CASE("a request waits for the first server and is answered by it") {
  CHECK(test::run_task(served_after_a_wait()));
}

TEST_CASE("patience ends with the answer of the service without servers") {
  auto lot = std::make_shared<ParkingLot>();
  Parked parked(std::make_shared<Answers>(503), lot, 30ms);
  Exchange exchange;
  CHECK(test::run_task(ask_once(parked, exchange))->status == 503);
}

TEST_CASE("a full lot answers at once, and a place is given back") {
  auto lot = std::make_shared<ParkingLot>();
  Parked parked(std::make_shared<Answers>(503), lot, 1h);
  for (int i = 0; i < ParkingLot::kMost; ++i) CHECK(lot->enter());
  Exchange exchange;
  CHECK(test::run_task(ask_once(parked, exchange))->status == 503);
  lot->leave();
  CHECK(lot->enter());
  CHECK_FALSE(lot->enter());
}
