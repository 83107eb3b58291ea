// left_records.h: the records that the challenges of one resolver put into the DNS: written down before they are
// published, and withdrawn at the next start when a crash kept that from being done.
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

  // Those of an earlier process: `state` was read. Before `run`.
  void adopt() { left_ = state_.records; }
  // Withdraws what is left.
  Task<void> run();

  Task<Step> note(OpenRecord record) override;
  Task<void> forget(OpenRecord record) override;

 private:
  std::string resolver_;
  ResolverState& state_;
  StateFile& file_;
  Challenger* challenger_;
  std::vector<OpenRecord> left_;
  std::optional<OpenRecord> removing_;  // of these
  Signal removed_;
};

}  // namespace sluice::acme
