// task.h: `Task<T>`, a lazy coroutine, and the free lists its frames come from.
//
// Awaiting a task runs it inline, on the caller's stack. Only when it has to wait does the caller suspend too; when it
// is done later, the caller is resumed from the loop's driver, never from inside the child. So nothing is ever
// re-entered and the stack does not grow with the number of awaits.
//
// A task belongs to the `Scope` of whoever awaits it, or of whoever spawns it. It runs on one thread, start to end.
// Rules for authors (docs/architecture.md, "Coroutines"): `co_await` stands alone in a statement or an initialiser.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "async/frames.h"
#include "base/result.h"

namespace sluice {

class Scope;

namespace async {

// The coroutine to resume next on this thread, set by a task that finished after having suspended.
extern constinit thread_local std::coroutine_handle<> next_to_resume;

// Resumes `handle`, then whoever waited for it, and so on up the chain.
inline void drive(std::coroutine_handle<> handle) {
  while (handle) {
    next_to_resume = nullptr;
    handle.resume();
    handle = std::exchange(next_to_resume, nullptr);
  }
}

class PromiseBase {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) { release_frame(frame, size); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  // No exception crosses a room; one that reaches a task is a broken invariant (out of memory included).
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }

  Scope* scope() const { return scope_; }
  void set_scope(Scope* scope) { scope_ = scope; }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> finished) noexcept {
      next_to_resume = finished.promise().continuation_;
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }

  std::coroutine_handle<> continuation_;  // null while the awaiting coroutine is still running inline

 private:
  Scope* scope_ = nullptr;
};

}  // namespace async

template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type : async::PromiseBase {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    template <class U>
    requires std::is_convertible_v<U&&, T>
    void return_value(U&& value) { value_.emplace(std::forward<U>(value)); }
    std::optional<T> value_;
  };

  Task() = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    std::coroutine_handle<promise_type> child;
    bool await_ready() noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> parent) {
      if (child.promise().scope() == nullptr) child.promise().set_scope(parent.promise().scope());
      child.resume();
      // A child that finished inside its first run left `next_to_resume` null, because it has no continuation yet.
      if (child.done()) return false;
      child.promise().continuation_ = parent;
      return true;
    }
    T await_resume() { return std::move(*child.promise().value_); }
  };
  Awaiter operator co_await() && noexcept { return Awaiter{handle_}; }

  // For Scope and for tests that drive a task by hand.
  std::coroutine_handle<promise_type> handle() const { return handle_; }
  std::coroutine_handle<promise_type> release() { return std::exchange(handle_, nullptr); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

template <>
class [[nodiscard]] Task<void> {
 public:
  struct promise_type : async::PromiseBase {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    void return_void() {}
  };

  Task() = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    std::coroutine_handle<promise_type> child;
    bool await_ready() noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> parent) {
      if (child.promise().scope() == nullptr) child.promise().set_scope(parent.promise().scope());
      child.resume();
      if (child.done()) return false;
      child.promise().continuation_ = parent;
      return true;
    }
    void await_resume() noexcept {}
  };
  Awaiter operator co_await() && noexcept { return Awaiter{handle_}; }

  std::coroutine_handle<promise_type> handle() const { return handle_; }
  std::coroutine_handle<promise_type> release() { return std::exchange(handle_, nullptr); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace sluice
