#include "control/aggregator.h"

#include <algorithm>

#include "async/timer.h"

namespace sluice::control {

void Aggregator::publish(Fragment fragment) {
  auto shared = std::make_shared<const Fragment>(std::move(fragment));
  auto same = std::find_if(fragments_.begin(), fragments_.end(),
                           [&](const auto& other) { return other->provider == shared->provider; });
  if (same == fragments_.end()) {
    fragments_.push_back(std::move(shared));
  } else if ((*same)->configuration == shared->configuration && (*same)->report == shared->report &&
             (*same)->keeps == shared->keeps) {
    return;
  } else {
    *same = std::move(shared);
  }
  touch();
}

void Aggregator::touch() {
  changed_ = true;
  arrived_.notify_all();
}

bool Aggregator::complete() const {
  return std::all_of(expected_.begin(), expected_.end(), [this](const std::string& name) {
    return std::any_of(fragments_.begin(), fragments_.end(),
                       [&](const auto& fragment) { return fragment->provider == name; });
  });
}

Task<Result<Fragments>> Aggregator::next() {
  Loop& loop = Loop::current();
  if (first_) {
    // Serving half of the routes would answer requests for the other half with 404.
    Deadline deadline = loop.now() + kFirstWait;
    while (!complete()) {
      Status waited = co_await arrived_.wait(deadline);
      if (!waited && waited.error().code == Code::timed_out) break;
      if (!waited) co_return waited.error();
    }
    first_ = false;
  } else {
    while (!changed_) {
      Status waited = co_await arrived_.wait();
      if (!waited) co_return waited.error();
    }
    Time earliest = std::max(loop.now() + kSettle, paid_until_ + (1 - kAtOnce) * throttle_);
    Status slept = co_await sleep_until(earliest);
    if (!slept) co_return slept.error();
  }
  changed_ = false;
  paid_until_ = std::max(paid_until_, loop.now()) + throttle_;
  co_return fragments_;
}

}  // namespace sluice::control
