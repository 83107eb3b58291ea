#include "proxy/h2_link.h"

#include "net/memory_stream.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::proxy;

namespace {

class Nobody final : public http::h2::Session::Owner {
 public:
  http::h2::Stream* on_open() override { return nullptr; }
  void on_goaway() override {}
  void on_strain() override {}
  void on_settings() override {}
  void on_abuse(http::h2::Abuse) override {}
};

Task<void> wait_for_room(H2Link& link, Urgency urgency, char letter, std::string& order) {
  Status room = co_await link.room(urgency);
  order += room ? letter : '!';
  link.push();
}

Task<void> read_everything(net::Stream& stream) {
  for (;;) {
    Result<net::Bytes> bytes = co_await stream.read(kNoDeadline);
    if (!bytes || bytes->empty()) co_return;
  }
}

}  // namespace

TEST_CASE("who waits for room is let in by urgency, then in the order of coming, and one at a time") {
  Loop loop;
  Nobody owner;
  auto [ours, theirs] = net::MemoryStream::pair(8);  // less than the first SETTINGS
  H2Link link(std::move(ours), http::h2::Session::Role::server, {}, owner, 3600s);
  Scope scope;
  std::string order;
  CHECK_FALSE(link.crowded());
  scope.spawn(link.run_writer());
  loop.run_ready();
  REQUIRE(link.crowded());  // the transport is full

  Scope gone;
  gone.spawn(wait_for_room(link, Urgency::high, 'x', order));
  scope.spawn(wait_for_room(link, Urgency::low, 'l', order));
  scope.spawn(wait_for_room(link, Urgency::normal, 'n', order));
  scope.spawn(wait_for_room(link, Urgency::normal, 'm', order));
  scope.spawn(wait_for_room(link, Urgency::high, 'h', order));
  loop.run_ready();
  CHECK(order.empty());
  gone.cancel(Error::of(Code::cancelled, "the stream was reset"));
  loop.run_ready();
  CHECK(order == "!");

  scope.spawn(read_everything(*theirs));
  loop.run_ready();
  CHECK(order == "!hnml");
  CHECK_FALSE(link.crowded());
  scope.cancel(Error::of(Code::cancelled, "the test is over"));
  loop.run_ready();
}
