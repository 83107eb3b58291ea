// name_locks.h: one task at a time per name: whoever changes the values of a record reads the others first.
//
// On one loop; outlives its guards.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "async/signal.h"
#include "async/task.h"

namespace sluice::acme::dns {

class NameLocks {
 public:
  // Holds a name until it is destroyed.
  class Guard {
   public:
    Guard(NameLocks& locks, std::string name) : locks_(&locks), name_(std::move(name)) {}
    Guard(Guard&& other) noexcept : locks_(std::exchange(other.locks_, nullptr)), name_(std::move(other.name_)) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (locks_ != nullptr) locks_->release(name_);
    }

   private:
    NameLocks* locks_;
    std::string name_;
  };

  // Error: what the scope was cancelled with.
  Task<Result<Guard>> hold(std::string name) {
    Entry& entry = entries_[name];  // stays where it is while it is held or waited for
    ++entry.users;
    while (entry.held) {
      Status waited = co_await entry.released.wait();
      if (waited) continue;
      leave(name);
      co_return waited.error();
    }
    entry.held = true;
    co_return Guard(*this, std::move(name));
  }

 private:
  struct Entry {
    int users = 0;
    bool held = false;
    Signal released;
  };

  void release(const std::string& name) {
    Entry& entry = entries_[name];
    entry.held = false;
    entry.released.notify_one();
    leave(name);
  }
  void leave(const std::string& name) {
    auto found = entries_.find(name);
    if (--found->second.users == 0) entries_.erase(found);
  }

  std::map<std::string, Entry> entries_;
};

}  // namespace sluice::acme::dns
