#include "async/scope.h"

#include "async/loop.h"

namespace sluice {
namespace async {

bool Waiter::enroll(std::coroutine_handle<> handle, Scope* scope) {
  handle_ = handle;
  outcome_ = Status();
  if (scope == nullptr) return true;
  if (scope->cancelled_) {
    outcome_ = scope->reason_;
    return false;
  }
  scope->waiting_.push_back(*this);
  return true;
}

void Waiter::finish(Status outcome) {
  outcome_ = std::move(outcome);
  ListNode<ScopeTag>::unlink();
  Loop::current().wake(*this);
}

}  // namespace async

// The root of a spawned task: it ends its own frame and tells the scope.
struct SpawnedPromise : async::PromiseBase {
  struct Spawned {
    std::coroutine_handle<SpawnedPromise> handle;
    using promise_type = SpawnedPromise;
  };
  Spawned get_return_object() { return {std::coroutine_handle<SpawnedPromise>::from_promise(*this)}; }
  void return_void() {}

  struct End {
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<SpawnedPromise> handle) noexcept {
      Scope* scope = handle.promise().scope();
      handle.destroy();
      scope->finished();
    }
    void await_resume() noexcept {}
  };
  End final_suspend() noexcept { return {}; }
};

static SpawnedPromise::Spawned run_spawned(Task<void> task) { co_await std::move(task); }

Scope::Scope(Scope* parent) {
  if (parent == nullptr) return;
  parent->children_.push_back(*this);
  if (parent->cancelled_) {
    cancelled_ = true;
    reason_ = parent->reason_;
  }
}

Scope::~Scope() { SLUICE_CHECK(running_ == 0 && joiner_ == nullptr); }

void Scope::spawn(Task<void> task) {
  ++running_;
  SpawnedPromise::Spawned spawned = run_spawned(std::move(task));
  spawned.handle.promise().set_scope(this);
  std::coroutine_handle<> outer = std::exchange(async::next_to_resume, nullptr);
  async::drive(spawned.handle);
  async::next_to_resume = outer;
}

void Scope::finished() {
  --running_;
  if (running_ == 0 && joiner_ != nullptr) std::exchange(joiner_, nullptr)->finish({});
}

void Scope::cancel(const Error& error) {
  if (cancelled_) return;
  cancelled_ = true;
  reason_ = error;
  while (async::Waiter* waiter = waiting_.front()) waiter->cancel(error);
  for (Scope* child = children_.front(); child != nullptr; child = children_.next(child)) child->cancel(error);
}

struct Scope::JoinWaiter final : async::Waiter {
  explicit JoinWaiter(Scope& scope) : scope_(scope) {}
  bool await_ready() const { return scope_.running_ == 0; }
  void await_suspend(std::coroutine_handle<> handle) {
    enroll(handle, nullptr);
    scope_.joiner_ = this;
  }
  void await_resume() {}
  void abandon() override {}
  Scope& scope_;
};

Task<void> Scope::join() {
  SLUICE_CHECK(joiner_ == nullptr);
  co_await JoinWaiter(*this);
}

}  // namespace sluice
