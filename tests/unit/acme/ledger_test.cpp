#include "acme/ledger.h"

#include "support/catch.h"

using namespace sluice;
using namespace sluice::acme;

namespace {

Failure failed(Failure::Kind kind, Duration retry_after = 0s) {
  Failure failure;
  failure.kind = kind;
  failure.detail = "no";
  failure.retry_after = retry_after;
  return failure;
}

constexpr std::int64_t kNow = 1'800'000'000;

}  // namespace

TEST_CASE("pauses grow to a day") {
  LedgerEntry entry;
  std::int64_t now = kNow;
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 12; ++i) {
    note_failure(entry, failed(Failure::Kind::unreachable), now, 0, 0, 0);
    pauses.push_back(entry.next_attempt - now);
    now = entry.next_attempt;
  }
  CHECK(pauses == std::vector<std::int64_t>{60, 120, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 86400, 86400});
  CHECK(entry.failures == 12);
  CHECK(entry.first_failure == kNow);
}

TEST_CASE("a name is refused by the CA at most four times an hour") {
  LedgerEntry entry;
  std::int64_t now = kNow;
  std::vector<std::int64_t> attempts;
  while (now < kNow + 24 * 3600) {
    attempts.push_back(now);
    note_failure(entry, failed(Failure::Kind::refused), now, 0, 0, -1);
    REQUIRE(entry.next_attempt > now);
    now = entry.next_attempt;
  }
  for (std::size_t i = 4; i < attempts.size(); ++i) CHECK(attempts[i] - attempts[i - 4] > 3600);
}

TEST_CASE("what will not go away by itself waits half a day") {
  LedgerEntry entry;
  note_failure(entry, failed(Failure::Kind::permanent), kNow, 0, 0, 0);
  CHECK(entry.next_attempt == kNow + 12 * 3600);
  CHECK(entry.permanent);
}

TEST_CASE("what the CA asks for is the least") {
  LedgerEntry entry;
  note_failure(entry, failed(Failure::Kind::limited, 2h), kNow, 0, 0, 0);
  CHECK(entry.next_attempt == kNow + 7200);
}

TEST_CASE("a certificate near its end is tried more often") {
  const std::int64_t life = 6L * 24 * 3600;
  LedgerEntry entry;
  entry.failures = 20;
  note_failure(entry, failed(Failure::Kind::unreachable), kNow, life / 2, life, 0);
  CHECK(entry.next_attempt == kNow + 7200);
  note_failure(entry, failed(Failure::Kind::unreachable), kNow, 3600, life, 0);
  CHECK(entry.next_attempt == kNow + 360);
}

TEST_CASE("the budget bounds orders in ten seconds and in three hours") {
  Budget budget;
  for (std::size_t i = 0; i < Budget::kShortOrders; ++i) {
    CHECK(budget.wait(kNow) == 0);
    budget.spend(kNow);
  }
  CHECK(budget.wait(kNow) == Budget::kShortSeconds);
  CHECK(budget.wait(kNow + Budget::kShortSeconds) == 0);
  std::int64_t now = kNow + 60;
  for (std::size_t i = Budget::kShortOrders; i < Budget::kLongOrders; ++i) budget.spend(now++);
  CHECK(budget.wait(now) == kNow + Budget::kLongSeconds - now);
  CHECK(budget.wait(kNow + 2 * Budget::kLongSeconds) == 0);
}

TEST_CASE("three identical certificates a week are enough") {
  std::vector<std::int64_t> issued{kNow - 100, kNow - 50};
  CHECK(within_weekly_limit(issued, kNow));
  issued.push_back(kNow);
  CHECK_FALSE(within_weekly_limit(issued, kNow));
  CHECK(within_weekly_limit(issued, kNow + 8L * 24 * 3600));
}

TEST_CASE("a CA that asks for a short pause once is asked again after it, and later when it does so again") {
  LedgerEntry entry;
  note_failure(entry, failed(Failure::Kind::limited, 5s), kNow, 0, 0, 0);
  CHECK(entry.next_attempt == kNow + 5);
  note_failure(entry, failed(Failure::Kind::limited, 5s), kNow + 5, 0, 0, 0);
  CHECK(entry.next_attempt == kNow + 5 + 120);
}
