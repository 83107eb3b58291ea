// resolver_records.cpp: the records a Resolver's challenges put into the DNS: written down before they are published,
// and withdrawn at the next start when a crash kept that from being done.
#include <algorithm>

#include "acme/resolver.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr std::size_t kMostRecords = 1000;  // of a provider that never lets one be removed

}  // namespace

Task<Step> Resolver::Job::note_record(OpenRecord record) { return resolver.note_record(std::move(record)); }

Task<void> Resolver::Job::forget_record(OpenRecord record) { return resolver.forget_record(std::move(record)); }

Task<Step> Resolver::note_record(OpenRecord record) {
  // An order that is gone on with publishes what it published before: that must not be taken away from it.
  while (removing_ == record) {
    Status waited = co_await removed_.wait();
    if (!waited) co_return Failure::of(waited.error(), {});
  }
  std::erase(leftovers_, record);
  std::erase(state_.records, record);
  if (state_.records.size() == kMostRecords) state_.records.erase(state_.records.begin());
  state_.records.push_back(std::move(record));
  Step saved = co_await save_state();
  co_return saved;
}

Task<void> Resolver::forget_record(OpenRecord record) {
  std::erase(state_.records, record);
  Step saved = co_await save_state();
  (void)saved;  // then it is removed once more, which does no harm
}

Task<void> Resolver::remove_leftovers() {
  while (!leftovers_.empty() && challenger_ != nullptr) {
    const OpenRecord record = leftovers_.front();
    leftovers_.erase(leftovers_.begin());
    removing_ = record;
    Step gone = co_await challenger_->disarm("dns-01", record.name, record.token, record.key_authorization);
    removing_.reset();
    removed_.notify_all();
    if (!gone && gone.failure().kind == Failure::Kind::cancelled) co_return;
    if (!gone) continue;
    log::info("a TXT record of an earlier process was removed", {{"resolver", name()}, {"name", record.name}});
    co_await forget_record(record);
  }
}

}  // namespace sluice::acme
