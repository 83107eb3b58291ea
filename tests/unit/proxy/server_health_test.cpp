// How servers are, since when, and what they get just after they came.
#include "proxy/server_health.h"

#include <map>

#include "proxy/weights.h"
#include "support/catch.h"
#include "support/edge/test_edge.h"

using namespace sluice;
using namespace sluice::proxy;
using test::TestEdge;

namespace {

constexpr Time at(std::int64_t seconds) { return Time{seconds * 1'000'000'000}; }

class Shares final : public Candidates {
 public:
  explicit Shares(std::vector<double> shares) : shares_(std::move(shares)) {}
  bool usable(std::size_t) const override { return true; }
  double share(std::size_t index) const override { return shares_[index]; }

 private:
  std::vector<double> shares_;
};

std::map<int, int> choose(Strategy& strategy, const Candidates& candidates, int times) {
  Arena arena;
  http::Peer peer;
  http::Request request(arena, peer);
  std::map<int, int> chosen;
  for (int i = 0; i < times; ++i) ++chosen[strategy.choose(0, request, candidates)];
  return chosen;
}

}  // namespace

TEST_CASE("a server is up since it was first seen, and down since the check that failed") {
  ServerHealth health(at(10));
  CHECK(health.state(at(11)).up);
  CHECK(health.state(at(11)).since == at(10));
  health.checked("", at(12));
  CHECK(health.state(at(13)).since == at(10));
  health.checked("GET / answered 500", at(20));
  health.checked("GET / answered 503", at(25));
  ServerHealth::State down = health.state(at(26));
  CHECK_FALSE(down.up);
  CHECK(down.since == at(20));
  CHECK(down.trouble == "GET / answered 503");
  health.checked("", at(30));
  CHECK(health.state(at(31)).up);
  CHECK(health.state(at(31)).since == at(30));
  CHECK(health.state(at(31)).trouble.empty());
}

TEST_CASE("a server that requests found broken says since when") {
  ServerHealth health(at(10));
  PassiveLimits limits{10s, 2};
  CHECK_FALSE(health.answered(true, at(20), limits));
  CHECK(health.answered(true, at(21), limits));
  ServerHealth::State down = health.state(at(22));
  CHECK_FALSE(down.up);
  CHECK(down.since == at(21));
  CHECK_FALSE(down.trouble.empty());
  CHECK(health.state(at(31)).up);
  CHECK(health.state(at(31)).since == at(31));
  // The active check ends it early; the server comes back then.
  health.answered(true, at(40), limits);
  health.answered(true, at(40), limits);
  health.checked("", at(42));
  CHECK(health.state(at(43)).since == at(42));
}

TEST_CASE("turns follow weight times share") {
  WeightedPositions turns(1, {1, 1});
  std::map<int, int> chosen = choose(turns, Shares({1, 0.1}), 1100);
  CHECK(chosen[1] >= 99);
  CHECK(chosen[1] <= 102);
}

TEST_CASE("least time counts a starting server as slower") {
  auto strategy = make_least_time({1, {"a", "b"}, {1, 1}});
  strategy->answered(0, 0, 10ms);
  strategy->answered(0, 1, 9ms);
  CHECK(choose(*strategy, Shares({1, 1}), 10)[1] == 10);
  CHECK(choose(*strategy, Shares({1, 0.5}), 10)[1] == 0);
}

TEST_CASE("with two choices a starting server counts as busier") {
  auto strategy = make_two_choices({1, {"a", "b"}, {1, 1}});
  CHECK(choose(*strategy, Shares({1, 0.5}), 10)[0] == 10);
}

TEST_CASE("with slowStart the share of a new server grows until it is full") {
  TestEdge edge;
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  for (const char* name : {"old", "new"}) edge.upstream(name).answers(ok);
  edge.loop().advance(100s);
  std::vector<std::shared_ptr<ServerHealth>> health = {std::make_shared<ServerHealth>(Time()),
                                                       std::make_shared<ServerHealth>(edge.loop().now())};
  edge.route("PathPrefix(`/`)", edge.service({"old", "new"}, health, 10s));
  TestEdge::Client client = edge.connect();
  auto requests = [&] {
    std::size_t count = 0;
    for (const std::string& all : edge.upstream("new").received()) {
      for (std::size_t at = all.find("GET /"); at != std::string::npos; at = all.find("GET /", at + 1)) ++count;
    }
    return count;
  };
  auto send = [&] {
    std::size_t had = requests();
    for (int i = 0; i < 110; ++i) client.say("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    return requests() - had;
  };
  std::size_t first = send();
  CHECK(first >= 9);
  CHECK(first <= 12);
  edge.loop().advance(5s);
  std::size_t half = send();
  CHECK(half >= 35);
  CHECK(half <= 38);
  edge.loop().advance(5s);
  std::size_t full = send();
  CHECK(full >= 54);
  CHECK(full <= 56);
}
