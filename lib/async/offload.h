// offload.h: work that blocks (name resolution, key derivation, files on slow disks), on libuv's thread pool.
#pragma once

#include <memory>
#include <optional>

#include "async/loop.h"
#include "async/waiter.h"

namespace sluice {

namespace async {

// One piece of work. It cannot be cancelled: the task that awaits it goes on when it is done, whatever happens to its
// scope, because the work may use the task's memory.
class Offloaded : public Waiter {
 public:
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle);

  virtual void work() = 0;  // on a pool thread

 protected:
  Offloaded();
  ~Offloaded();
  void abandon() override {}

 private:
  struct Job;
  std::unique_ptr<Job> job_;
};

template <class Function, class T>
class OffloadedCall final : public Offloaded {
 public:
  explicit OffloadedCall(Function function) : function_(std::move(function)) {}
  void work() override { value_.emplace(function_()); }
  T await_resume() { return std::move(*value_); }

 private:
  Function function_;
  std::optional<T> value_;
};

}  // namespace async

// Runs the function on a pool thread and gives its value here:
//   auto call = offload([copy] { return …; });
//   T value = co_await call;
// The call is named because g++ 12 destroys a captured temporary inside a co_await expression twice.
template <class Function>
async::OffloadedCall<Function, std::invoke_result_t<Function>> offload(Function function) {
  return async::OffloadedCall<Function, std::invoke_result_t<Function>>(std::move(function));
}

}  // namespace sluice
