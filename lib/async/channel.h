// channel.h: a queue between tasks of one loop.
#pragma once

#include <deque>

#include "async/signal.h"

namespace sluice {

template <class T>
class Channel {
 public:
  // Ignored once closed.
  void push(T item) {
    if (closed_) return;
    items_.push_back(std::move(item));
    arrived_.notify_one();
  }
  // Receivers get what is queued and then Error{closed}.
  void close() {
    closed_ = true;
    arrived_.notify_all();
  }
  std::size_t size() const { return items_.size(); }

  // The next item; closed when there will be none, timed_out at the deadline, or what the scope was cancelled with.
  Task<Result<T>> receive(Deadline deadline = kNoDeadline) {
    while (items_.empty()) {
      if (closed_) co_return Error::of(Code::closed, "channel closed");
      Status waited = co_await arrived_.wait(deadline);
      if (!waited) co_return waited.error();
    }
    T item = std::move(items_.front());
    items_.pop_front();
    co_return item;
  }

 private:
  std::deque<T> items_;
  Signal arrived_;
  bool closed_ = false;
};

}  // namespace sluice
