// mailbox.h: how other threads reach a loop.
#pragma once

#include <mutex>
#include <vector>

#include "async/fd_watch.h"
#include "async/signal.h"

namespace sluice {

// Any thread may ring; the loop that made it gets `on_ring`, once for any number of rings since the last.
class Doorbell : private FdWatch {
 public:
  void ring();

 protected:
  Doorbell();
  ~Doorbell();
  virtual void on_ring() = 0;

 private:
  void on_ready(bool readable, bool writable) override;
  int eventfd_;
};

// A queue from any thread to one loop. Must outlive every thread that posts.
template <class T>
class Mailbox final : private Doorbell {
 public:
  ~Mailbox() = default;

  // Any thread.
  void post(T item) {
    // The bell is rung under the lock: whoever takes this item may destroy the mailbox right after.
    std::lock_guard<std::mutex> lock(mutex_);
    items_.push_back(std::move(item));
    ring();
  }

  // Everything posted since the last call, at least one item, in order; or what the scope was cancelled with.
  Task<Result<std::vector<T>>> receive() {
    for (;;) {
      std::vector<T> items = take();
      if (!items.empty()) co_return items;
      Status waited = co_await arrived_.wait();
      if (!waited) co_return waited.error();
    }
  }

 private:
  void on_ring() override { arrived_.notify_all(); }
  std::vector<T> take() {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(items_, {});
  }

  std::mutex mutex_;
  std::vector<T> items_;
  Signal arrived_;
};

}  // namespace sluice
