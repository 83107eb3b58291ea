// challenge_counts.h: how often CAs asked about names here, and what became of the question.
//
// Made before the workers and counted by all of them without a lock; must not outlive the metrics.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "observe/metrics.h"

namespace sluice::server {

class ChallengeCounts {
 public:
  enum Type : std::uint8_t { http, tls_alpn };
  // own: answered here. forwarded: given to the host's own backend or target. refused: nobody was there to answer.
  enum Kind : std::uint8_t { own, forwarded, refused };

  explicit ChallengeCounts(observe::Metrics& metrics) {
    constexpr const char* kTypes[] = {"http-01", "tls-alpn-01"};
    constexpr const char* kKinds[] = {"own", "forwarded", "refused"};
    for (std::size_t type = 0; type < counters_.size(); ++type) {
      for (std::size_t kind = 0; kind < counters_[type].size(); ++kind) {
        counters_[type][kind] = metrics.counter("sluice_acme_challenge_answers_total",
                                                "Questions of CAs about names, by what became of them.",
                                                {{"type", kTypes[type]}, {"kind", kKinds[kind]}});
      }
    }
  }

  // Any worker.
  void add(Type type, Kind kind) const { counters_[type][kind]->add(); }

 private:
  std::array<std::array<std::shared_ptr<observe::Counter>, 3>, 2> counters_;
};

}  // namespace sluice::server
