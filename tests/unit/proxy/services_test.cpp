#include <map>

#include "proxy/endpoint.h"
#include "proxy/weights.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::proxy;

namespace {

std::map<int, int> take(WeightedPositions& positions, unsigned worker, int times, int without = -1) {
  std::map<int, int> taken;
  for (int i = 0; i < times; ++i) ++taken[positions.next(worker, [&](int index) { return index != without; })];
  return taken;
}

}  // namespace

TEST_CASE("equal weights take turns, exactly") {
  WeightedPositions positions(1, {1, 1, 1});
  int last = -1;
  for (int i = 0; i < 30; ++i) {
    int next = positions.next(0, [](int) { return true; });
    CHECK(next != last);
    last = next;
  }
  CHECK(take(positions, 0, 300) == std::map<int, int>{{0, 100}, {1, 100}, {2, 100}});
}

TEST_CASE("weights are proportions, spread evenly") {
  WeightedPositions positions(1, {5, 1, 0});
  int run = 0;
  int longest = 0;
  std::map<int, int> taken;
  for (int i = 0; i < 600; ++i) {
    int next = positions.next(0, [](int) { return true; });
    ++taken[next];
    run = next == 0 ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  CHECK(taken == std::map<int, int>{{0, 500}, {1, 100}});
  CHECK(longest <= 6);
}

TEST_CASE("a choice that was unusable does not get its missed turns back") {
  WeightedPositions positions(1, {1, 1});
  CHECK(take(positions, 0, 100, 0) == std::map<int, int>{{1, 100}});
  std::map<int, int> after = take(positions, 0, 10);
  CHECK(after[0] >= 4);
  CHECK(after[0] <= 6);
}

TEST_CASE("workers begin with different choices") {
  WeightedPositions positions(2, {1, 1});
  int first = positions.next(0, [](int) { return true; });
  int second = positions.next(1, [](int) { return true; });
  CHECK(first != second);
}

TEST_CASE("nothing usable is no choice") {
  WeightedPositions none(1, {});
  CHECK(none.next(0, [](int) { return true; }) == -1);
  WeightedPositions zero(1, {0, 0});
  CHECK(zero.next(0, [](int) { return true; }) == -1);
}

TEST_CASE("server URLs are taken apart and checked") {
  Result<ServerUrl> url = ServerUrl::parse("http://app.internal:8080/base/?q#f");
  REQUIRE(url.ok());
  CHECK(url->host == "app.internal");
  CHECK(url->port == 8080);
  CHECK(url->authority == "app.internal:8080");
  CHECK(url->path == "/base");
  CHECK(ServerUrl::parse("https://[fd00::1]:9/")->host == "fd00::1");
  CHECK(ServerUrl::parse("https://a")->port == 443);
  CHECK(ServerUrl::parse("HTTP://a")->port == 80);
  CHECK(ServerUrl::parse("h2c://a")->scheme == ServerUrl::Scheme::h2c);
  for (const char* bad : {"", "app:80", "http://", "http://:80", "ftp://a", "http://a:0", "http://a:99999",
                          "http://a b", "http://[::1", "http://a/\r\nx", "http://a:80:80"}) {
    CHECK_FALSE(ServerUrl::parse(bad).ok());
  }
}
