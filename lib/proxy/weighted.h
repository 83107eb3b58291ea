// weighted.h: the weighted and highestRandomWeight services: one of several services answers.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "proxy/handler.h"
#include "proxy/sticky.h"
#include "proxy/strategy.h"

namespace sluice::proxy {

class Weighted final : public Handler {
 public:
  // `strategy` and `sticky` have one choice per service. With `by_health` a service that is not ready is passed over.
  // When none can be chosen every request fails with Code::unavailable.
  Weighted(std::vector<std::shared_ptr<const Handler>> services, std::shared_ptr<Strategy> strategy,
           std::optional<Sticky> sticky, bool by_health)
      : services_(std::move(services)),
        strategy_(std::move(strategy)),
        sticky_(std::move(sticky)),
        by_health_(by_health) {}

  Task<Result<http::Response>> handle(http::Request& request) const override;
  bool ready() const override;

 private:
  class Ready;

  std::vector<std::shared_ptr<const Handler>> services_;
  std::shared_ptr<Strategy> strategy_;
  std::optional<Sticky> sticky_;
  bool by_health_;
};

}  // namespace sluice::proxy
