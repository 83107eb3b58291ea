#include "acme/left_records.h"

#include <algorithm>

#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr std::size_t kMostRecords = 1000;  // of a provider that never lets one be removed

}  // namespace

void LeftRecords::adopt() {
  for (const OpenRecord& record : state_.records) leave(record);
}

void LeftRecords::drop(const OpenRecord& record) {
  std::erase_if(left_, [&](const Left& one) { return one.record == record; });
  std::erase(state_.records, record);
}

Task<Step> LeftRecords::note(OpenRecord record) {
  // An order that is gone on with publishes what it published before: that must not be taken away from it.
  while (removing_ == record) {
    Status waited = co_await removed_.wait();
    if (!waited) co_return Failure::of(waited.error(), {});
  }
  drop(record);
  if (state_.records.size() == kMostRecords) drop(OpenRecord(state_.records.front()));
  state_.records.push_back(std::move(record));
  Step saved = co_await file_.save(state_);
  co_return saved;
}

Task<void> LeftRecords::forget(OpenRecord record) {
  drop(record);
  Step saved = co_await file_.save(state_);
  (void)saved;  // then it is removed once more, which does no harm
}

void LeftRecords::leave(OpenRecord record) {
  left_.push_back({std::move(record), Loop::current().read_clock()});
  more_.notify_all();
}

Task<void> LeftRecords::run() {
  for (;;) {
    auto next =
        std::min_element(left_.begin(), left_.end(), [](const Left& a, const Left& b) { return a.next < b.next; });
    if (challenger_ != nullptr && next != left_.end() && next->next <= Loop::current().read_clock()) {
      OpenRecord record = std::move(next->record);
      left_.erase(next);
      co_await withdraw(std::move(record));
      continue;
    }
    Deadline wake = kNoDeadline;
    if (challenger_ != nullptr && next != left_.end()) wake = next->next;
    Status waited = co_await more_.wait(wake);
    if (!waited && waited.error().code != Code::timed_out) co_return;
  }
}

Task<void> LeftRecords::withdraw(OpenRecord record) {
  removing_ = record;
  Step gone = co_await challenger_->disarm("dns-01", record.name, record.token, record.key_authorization);
  removing_.reset();
  if (!gone) left_.push_back({record, Loop::current().read_clock() + kPause});
  removed_.notify_all();
  if (!gone) co_return;
  log::info("a TXT record that was left behind was removed", {{"resolver", resolver_}, {"name", record.name}});
  co_await forget(std::move(record));
}

}  // namespace sluice::acme
