// run_task.h: runs a task to its end on a loop of its own, for tests.
#pragma once

#include <optional>

#include "async/loop.h"
#include "async/scope.h"

namespace sluice::test {

template <class T>
Task<void> store(Task<T> task, std::optional<T>& result, Loop& loop) {
  result.emplace(co_await std::move(task));
  loop.stop();
}

// On the loop of this thread, which must exist.
template <class T>
T run_on(Loop& loop, Task<T> task) {
  std::optional<T> result;
  Scope scope;
  scope.spawn(store(std::move(task), result, loop));
  if (!result) loop.run();
  loop.run_ready();
  return std::move(*result);
}

template <class T>
T run_task(Task<T> task) {
  Loop loop;
  return run_on(loop, std::move(task));
}

}  // namespace sluice::test
