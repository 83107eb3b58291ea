// weights.h: weighted round robin. Every choice has a virtual finishing time that grows by 1/weight with each turn; the
// earliest goes next, which spreads each choice's turns evenly (earliest deadline first, as in fair queueing).
//
// Each worker has positions of its own, so that choosing shares nothing; they outlive snapshots (control::Registry).
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/strategy.h"

namespace sluice::proxy {

class WeightedPositions final : public Strategy {
 public:
  // One set of positions per worker; `weights` are at least 0, and 0 is never chosen.
  WeightedPositions(unsigned workers, std::vector<double> weights);

  // False for a weight of 0.
  bool may_choose(std::size_t index) const override { return weights_[index] > 0; }

  int choose(unsigned worker, const http::Request& /*request*/, const Candidates& candidates) override {
    return next(
        worker, [&](int index) { return candidates.usable(static_cast<std::size_t>(index)); },
        [&](int index) { return candidates.share(static_cast<std::size_t>(index)); });
  }

  // The index of the next choice for which `usable(index)` holds, or -1. It is charged a turn by the part `share` of
  // its weight. For that worker's thread only.
  template <class Usable>
  int next(unsigned worker, Usable usable) {
    return next(worker, usable, [](int) { return 1.0; });
  }
  template <class Usable, class Share>
  int next(unsigned worker, Usable usable, Share share) {
    Positions& positions = per_worker_[worker];
    int best = -1;
    for (int i = 0; i < static_cast<int>(weights_.size()); ++i) {
      auto at = static_cast<std::size_t>(i);
      if (weights_[at] <= 0 || !usable(i)) continue;
      if (best < 0 || positions.due[at] < positions.due[static_cast<std::size_t>(best)]) best = i;
    }
    if (best >= 0) take(positions, static_cast<std::size_t>(best), share(best));
    return best;
  }

 private:
  // A cache line of its own for each worker.
  struct alignas(64) Positions {
    std::vector<double> due;
    double now = 0;
  };

  void take(Positions& positions, std::size_t index, double share) const;

  std::vector<double> weights_;
  std::vector<Positions> per_worker_;
};

}  // namespace sluice::proxy
