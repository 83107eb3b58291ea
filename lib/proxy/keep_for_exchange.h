// keep_for_exchange.h: what must live as long as anything of an exchange runs: the content of a request that a
// middleware made. An upload can outlive the handler that began it, so it cannot belong to the handler.
#pragma once

#include "async/scope.h"
#include "async/signal.h"

namespace sluice::proxy {

template <class Kept>
Task<void> hold_until_cancelled([[maybe_unused]] Kept kept) {
  Signal never;
  [[maybe_unused]] Status over = co_await never.wait();
}

// Keeps `kept` until the exchange is over, whose scope it is. It goes after the tasks that had work to do at that
// moment, and what waits then only learns that it was cancelled.
template <class Kept>
void keep_for_exchange(Scope& scope, Kept kept) {
  scope.spawn(hold_until_cancelled(std::move(kept)));
}

}  // namespace sluice::proxy
