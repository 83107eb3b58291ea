// weighted.h: the weighted service: one of several services answers, in proportion to their weights.
#pragma once

#include <memory>
#include <vector>

#include "proxy/handler.h"
#include "proxy/weights.h"

namespace sluice::proxy {

class Weighted final : public Handler {
 public:
  // `positions` has one weight per service. When all weights are 0 every request fails with Code::unavailable.
  Weighted(std::vector<std::shared_ptr<const Handler>> services, std::shared_ptr<WeightedPositions> positions)
      : services_(std::move(services)), positions_(std::move(positions)) {}

  Task<Result<http::Response>> handle(http::Request& request) const override;

 private:
  std::vector<std::shared_ptr<const Handler>> services_;
  std::shared_ptr<WeightedPositions> positions_;
};

}  // namespace sluice::proxy
