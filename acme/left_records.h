// left_records.h: the records that the challenges of one resolver put into the DNS: written down before they are
// published, and withdrawn here when whoever published them could not: it was cancelled, the provider said no, or the
// process ended.
//
// Control loop; it outlives its tasks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "acme/issuance.h"
#include "acme/state.h"
#include "async/signal.h"

namespace sluice::acme {

class LeftRecords final : public RecordNotes {
 public:
  // They are written down in `state`, which `file` keeps. All must outlive it; `challenger` null: none is withdrawn.
  LeftRecords(std::string resolver, ResolverState& state, StateFile& file, Challenger* challenger)
      : resolver_(std::move(resolver)), state_(state), file_(file), challenger_(challenger) {}

  // Those of an earlier process: `state` was read.
  void adopt();
  // Withdraws what is left, at once and then every hour. Until the scope is cancelled.
  Task<void> run();

  Task<Step> note(OpenRecord record) override;
  Task<void> forget(OpenRecord record) override;
  void leave(OpenRecord record) override;

  static constexpr Duration kPause = 1h;

 private:
  struct Left {
    OpenRecord record;
    Time next;  // attempt
  };
  Task<void> withdraw(OpenRecord record);
  void drop(const OpenRecord& record);

  std::string resolver_;
  ResolverState& state_;
  StateFile& file_;
  Challenger* challenger_;
  std::vector<Left> left_;
  std::optional<OpenRecord> removing_;  // none of `left_` meanwhile
  Signal removed_;
  Signal more_;
};

}  // namespace sluice::acme
