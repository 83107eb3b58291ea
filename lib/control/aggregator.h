// aggregator.h: collects the fragments of all providers and says when to build.
//
// The first changes after a quiet time are let through at once: a container that is replaced is three of them. Further
// ones wait, so that a storm of events costs one build per throttle time. Control thread only.
#pragma once

#include <string>
#include <vector>

#include "async/signal.h"
#include "control/merged.h"
#include "control/provider.h"

namespace sluice::control {

class Aggregator final : public FragmentSink {
 public:
  // `expected`: providers that are waited for before the first build, for at most kFirstWait.
  Aggregator(Duration throttle, std::vector<std::string> expected)
      : throttle_(throttle), expected_(std::move(expected)) {}

  void publish(Fragment fragment) override;
  // What the fragments refer to has changed (a certificate file): build again.
  void touch();

  // The fragments to build from, in a fixed order, whenever one of them changed. Errors: what the scope was cancelled
  // with.
  Task<Result<Fragments>> next();

  // Changes that come within so short a time are one: files of a directory, containers of a compose project.
  static constexpr Duration kSettle = 5ms;
  static constexpr Duration kFirstWait = 2s;
  // So many builds may follow each other without waiting; one more for every throttle time that passes.
  static constexpr int kAtOnce = 3;

 private:
  bool complete() const;

  Duration throttle_;
  std::vector<std::string> expected_;
  Fragments fragments_;  // at most one per provider
  bool changed_ = false;
  bool first_ = true;
  Time paid_until_;  // each build costs a throttle time, beginning at the later of this and now
  Signal arrived_;
};

}  // namespace sluice::control
