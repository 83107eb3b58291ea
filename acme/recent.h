// recent.h: how often each key was counted within the last minute, hour or whatever, of so many keys at most: of more,
// the one that was not counted for the longest time is forgotten. Nothing here takes longer the more keys there are.
//
// One thread. Times must not go back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"

namespace sluice::acme {

class Recent {
 public:
  Recent(Duration lasting, std::size_t most) : lasting_(lasting), most_(most) {}

  std::size_t count(std::string_view key, Time now) const {
    auto found = by_key_.find(key);
    if (found == by_key_.end()) return 0;
    const std::vector<Time>& ends = found->second->ends;
    return static_cast<std::size_t>(ends.end() - std::upper_bound(ends.begin(), ends.end(), now));
  }

  void add(std::string_view key, Time now) {
    while (!keys_.empty() && keys_.front().ends.back() <= now) forget_first();
    auto found = by_key_.find(key);
    if (found == by_key_.end()) {
      if (keys_.size() >= most_) forget_first();
      keys_.push_back({std::string(key), {}});
      found = by_key_.emplace(keys_.back().key, std::prev(keys_.end())).first;
    } else {
      keys_.splice(keys_.end(), keys_, found->second);
    }
    std::vector<Time>& ends = found->second->ends;
    ends.erase(ends.begin(), std::upper_bound(ends.begin(), ends.end(), now));
    ends.push_back(now + lasting_);
  }

 private:
  struct Key {
    std::string key;
    std::vector<Time> ends;  // when each count stops to count, in this order; one at least
  };
  using Keys = std::list<Key>;

  void forget_first() {
    by_key_.erase(keys_.front().key);
    keys_.pop_front();
  }

  Duration lasting_;
  std::size_t most_;
  Keys keys_;  // the one counted last is the last
  std::unordered_map<std::string_view, Keys::iterator> by_key_;
};

}  // namespace sluice::acme
