#include "proxy/weighted.h"

#include "proxy/worker_local.h"

namespace sluice::proxy {

class Weighted::Ready final : public Candidates {
 public:
  explicit Ready(const Weighted& service) : service_(service) {}
  bool usable(std::size_t index) const override { return !service_.by_health_ || service_.services_[index]->ready(); }

 private:
  const Weighted& service_;
};

bool Weighted::ready() const {
  for (std::size_t i = 0; i < services_.size(); ++i) {
    if (strategy_->may_choose(i) && services_[i]->ready()) return true;
  }
  return false;
}

Task<Result<http::Response>> Weighted::handle(http::Request& request) const {
  Ready ready(*this);
  Sticky::Wish wish;
  if (sticky_) wish = sticky_->wish_of(request);
  bool wished = wish.index >= 0 && strategy_->may_choose(static_cast<std::size_t>(wish.index)) &&
                ready.usable(static_cast<std::size_t>(wish.index));
  int chosen = wished ? wish.index : strategy_->choose(WorkerLocal::current().index(), request, ready);
  if (chosen < 0) co_return Error::of(Code::unavailable, "no service is ready");
  auto index = static_cast<std::size_t>(chosen);
  Result<http::Response> response = co_await services_[index]->handle(request);
  if (response && sticky_ && !(wished && wish.current)) sticky_->remember(*response, index);
  co_return response;
}

}  // namespace sluice::proxy
