// scope.h: who owns running tasks. Every task belongs to a scope; the scope can cancel it and waits for it. There are
// no detached tasks.
//
// A scope lives on one loop. It must outlive its tasks: join it before it is destroyed (checked). A scope made inside a
// task is cancelled when the scope of that task is.
#pragma once

#include <cstddef>

#include "async/task.h"
#include "async/waiter.h"
#include "base/list.h"
#include "base/result.h"

namespace sluice {

class Scope : public ListNode<> {
 public:
  Scope() = default;
  explicit Scope(Scope* parent);
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

  // Runs `task` at once, on the caller's stack, until it first waits; then the scope owns it.
  void spawn(Task<void> task);

  // Every waiting leaf of the scope's tasks and of the scopes inside it wakes with `error`, and whatever its tasks wait
  // for afterwards fails with it at once. Only the first call counts.
  void cancel(const Error& error);
  bool cancelled() const { return cancelled_; }
  const Error& reason() const { return reason_; }

  // Returns when no spawned task is left. Cannot itself be cancelled: cancel the scope first to make it short.
  Task<void> join();
  std::size_t running() const { return running_; }

 private:
  friend class async::Waiter;
  friend struct SpawnedPromise;
  struct JoinWaiter;

  void finished();

  List<async::Waiter, async::ScopeTag> waiting_;
  List<Scope> children_;
  std::size_t running_ = 0;
  async::Waiter* joiner_ = nullptr;
  bool cancelled_ = false;
  Error reason_;
};

// `co_await current_scope()`: the scope of the running task.
struct CurrentScope {
  Scope* scope = nullptr;
  bool await_ready() noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
    scope = handle.promise().scope();
    return false;
  }
  Scope* await_resume() noexcept { return scope; }
};
inline CurrentScope current_scope() { return {}; }

// The task, to be awaited as part of `scope` instead of the scope of the awaiting task: cancelling `scope` ends it.
template <class T>
Task<T> in_scope(Scope& scope, Task<T> task) {
  task.handle().promise().set_scope(&scope);
  return task;
}

}  // namespace sluice
