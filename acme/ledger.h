// ledger.h: what went wrong with each certificate, and when it is tried again. Survives restarts and changes of the
// configuration: only a success, an operator, or other inputs of the certificate itself clear an entry.
//
// Values; pure. Times are Unix seconds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "acme/failure.h"

namespace sluice::acme {

struct LedgerEntry {
  std::int64_t first_failure = 0;
  std::int64_t last_attempt = 0;
  std::int64_t next_attempt = 0;
  std::int64_t failures = 0;           // in a row
  std::vector<std::int64_t> refusals;  // of the last hour: each counts against the CA's limit of failed validations
  std::string problem;                 // of the last attempt, as text
  std::string document;                // and the CA's own words
  bool permanent = false;              // it will not go away by itself

  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

// Notes a failed attempt and says when the next is. `life_left` and `life`: seconds of the certificate that is to be
// renewed, 0 and 0 when there is none: the nearer its end, the shorter the pauses. `dice`: from -1 to 1, for the
// jitter.
void note_failure(LedgerEntry& entry, const Failure& failure, std::int64_t now, std::int64_t life_left,
                  std::int64_t life, double dice);

// How many orders an account may make: below what the CAs allow, so that other things can use the rest.
class Budget {
 public:
  static constexpr std::int64_t kShortSeconds = 10;
  static constexpr std::size_t kShortOrders = 30;
  static constexpr std::int64_t kLongSeconds = 3L * 3600;
  static constexpr std::size_t kLongOrders = 250;

  // Seconds until there is room for one more; 0: now.
  std::int64_t wait(std::int64_t now);
  void spend(std::int64_t now) { spent_.push_back(now); }
  const std::vector<std::int64_t>& spent() const { return spent_; }
  void restore(std::vector<std::int64_t> spent) { spent_ = std::move(spent); }

 private:
  std::vector<std::int64_t> spent_;  // oldest first
};

// Whether an identical certificate may be ordered once more although a good one was obtained: at most three a week,
// whatever asks for it. `issued`: when such ones were.
bool within_weekly_limit(const std::vector<std::int64_t>& issued, std::int64_t now);

}  // namespace sluice::acme
