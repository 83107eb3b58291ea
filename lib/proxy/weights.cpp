#include "proxy/weights.h"

#include <algorithm>

namespace sluice::proxy {

WeightedPositions::WeightedPositions(unsigned workers, std::vector<double> weights) : weights_(std::move(weights)) {
  per_worker_.resize(workers);
  std::size_t count = weights_.size();
  for (std::size_t worker = 0; worker < workers; ++worker) {
    // Workers begin with different choices: the first requests of many connections do not all meet the first server.
    for (std::size_t i = 0; i < count; ++i) {
      double turn = static_cast<double>((i + worker) % count + 1) / static_cast<double>(count);
      per_worker_[worker].due.push_back(weights_[i] > 0 ? turn / weights_[i] : 0);
    }
  }
}

void WeightedPositions::take(Positions& positions, std::size_t index, double share) const {
  // A choice that was unusable for a while continues from now on; it does not get its missed turns all at once.
  positions.now = std::max(positions.now, positions.due[index]);
  positions.due[index] = positions.now + 1 / (weights_[index] * share);
}

}  // namespace sluice::proxy
