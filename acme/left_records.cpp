#include "acme/left_records.h"

#include <algorithm>

#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr std::size_t kMostRecords = 1000;  // of a provider that never lets one be removed

}  // namespace

Task<Step> LeftRecords::note(OpenRecord record) {
  // An order that is gone on with publishes what it published before: that must not be taken away from it.
  while (removing_ == record) {
    Status waited = co_await removed_.wait();
    if (!waited) co_return Failure::of(waited.error(), {});
  }
  std::erase(left_, record);
  std::erase(state_.records, record);
  if (state_.records.size() == kMostRecords) state_.records.erase(state_.records.begin());
  state_.records.push_back(std::move(record));
  Step saved = co_await file_.save(state_);
  co_return saved;
}

Task<void> LeftRecords::forget(OpenRecord record) {
  std::erase(state_.records, record);
  Step saved = co_await file_.save(state_);
  (void)saved;  // then it is removed once more, which does no harm
}

Task<void> LeftRecords::run() {
  while (!left_.empty() && challenger_ != nullptr) {
    const OpenRecord record = left_.front();
    left_.erase(left_.begin());
    removing_ = record;
    Step gone = co_await challenger_->disarm("dns-01", record.name, record.token, record.key_authorization);
    removing_.reset();
    removed_.notify_all();
    if (!gone && gone.failure().kind == Failure::Kind::cancelled) co_return;
    if (!gone) continue;
    log::info("a TXT record of an earlier process was removed", {{"resolver", resolver_}, {"name", record.name}});
    co_await forget(record);
  }
}

}  // namespace sluice::acme
