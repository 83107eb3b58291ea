// registry.h: state that outlives snapshots, found by key: endpoints (and with them the workers' pools), positions of
// round robin, later health, limits and breakers. An unrelated change of configuration never resets any of it.
//
// Control thread only. The registry does not keep anything alive: what no snapshot uses any more is gone.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>

#include "base/text.h"

namespace sluice::control {

class Registry {
 public:
  // The object of type T under `key`, or what `make()` (a std::shared_ptr<T>) gives, which is kept from now on. The key
  // names everything the object depends on: another key is another object.
  template <class T, class Make>
  std::shared_ptr<T> get(const std::string& key, Make make) {
    std::weak_ptr<void>& kept = kept_[std::string(typeid(T).name()) + ' ' + key];
    if (std::shared_ptr<void> alive = kept.lock()) return std::static_pointer_cast<T>(alive);
    std::shared_ptr<T> made = make();
    kept = std::const_pointer_cast<std::remove_const_t<T>>(made);
    if (++made_since_sweep_ > kept_.size() / 2 + 64) sweep();
    return made;
  }

 private:
  void sweep() {
    made_since_sweep_ = 0;
    std::erase_if(kept_, [](const auto& entry) { return entry.second.expired(); });
  }

  std::unordered_map<std::string, std::weak_ptr<void>, TextHash, std::equal_to<>> kept_;
  std::size_t made_since_sweep_ = 0;
};

}  // namespace sluice::control
