#include "observe/rate_limited.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.h"

using namespace sluice;
using log::RateLimited;

TEST_CASE("the first event passes at once, then one per interval, with the number held back") {
  RateLimited limited;
  const Time start{1'000'000'000'000};
  auto pass = limited.admit("a", start);
  REQUIRE(pass);
  CHECK(pass->suppressed == 0);
  CHECK_FALSE(limited.admit("a", start));
  CHECK_FALSE(limited.admit("a", start + 999ms));
  pass = limited.admit("a", start + 1s);
  REQUIRE(pass);
  CHECK(pass->suppressed == 2);
  CHECK_FALSE(limited.admit("a", start + 1s));
}

TEST_CASE("keys do not hold one another back") {
  RateLimited limited;
  const Time start{1'000'000'000'000};
  int passed = 0;
  for (int i = 0; i < 100; ++i) passed += limited.admit("service" + std::to_string(i), start) ? 1 : 0;
  CHECK(passed == 100);
  for (int i = 0; i < 100; ++i) CHECK_FALSE(limited.admit("service" + std::to_string(i), start));
}

TEST_CASE("keys that come and go for ever do not fill the table") {
  RateLimited limited;
  Time now{1'000'000'000'000};
  int held_back = 0;
  for (int i = 0; i < 100'000; ++i) {
    now = now + 10ms;
    const std::string key = "key" + std::to_string(i);
    held_back += limited.admit(key, now) ? 0 : 1;
    (void)limited.admit(key, now);  // something is left to report for every key
  }
  // At any moment the keys of a minute, 6,000, want 1,024 slots: sharing is expected, silence is not.
  CHECK(held_back < 100'000);
  int passed = 0;
  now = now + 120s;
  for (int i = 0; i < 100; ++i) passed += limited.admit("fresh" + std::to_string(i), now) ? 1 : 0;
  CHECK(passed == 100);
}

TEST_CASE("of many threads with one key, one passes") {
  RateLimited limited;
  const Time start{1'000'000'000'000};
  std::atomic<int> passed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) passed += limited.admit("a", start) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(passed == 1);
  const auto pass = limited.admit("a", start + 1s);
  REQUIRE(pass);
  CHECK(pass->suppressed == 3999);
}
