#include "proxy/server_health.h"

#include <utility>

namespace sluice::proxy {

void ServerHealth::checked(std::string trouble, Time now) {
  bool up = trouble.empty();
  bool was_out = out_until_.load(std::memory_order_relaxed) > now.ns;
  bool changes = up != checked_up_.load(std::memory_order_relaxed) || (up && was_out);
  if (changes) checked_since_.store(now.ns, std::memory_order_relaxed);
  if (up) out_until_.store(0, std::memory_order_relaxed);
  checked_up_.store(up, std::memory_order_relaxed);
  trouble_ = std::move(trouble);
}

ServerHealth::State ServerHealth::state(Time now) const {
  if (!checked_up_.load(std::memory_order_relaxed)) {
    return {false, Time{checked_since_.load(std::memory_order_relaxed)}, trouble_};
  }
  if (!up(now)) return {false, Time{out_since_.load(std::memory_order_relaxed)}, "too many failed requests"};
  return {true, up_since(), {}};
}

// Workers may race here; then a failure more or less is counted, and the server is taken out all the same.
bool ServerHealth::answered(bool failed, Time now, const PassiveLimits& limits) {
  if (!failed) {
    if (failures_.load(std::memory_order_relaxed) != 0) failures_.store(0, std::memory_order_relaxed);
    return false;
  }
  if (now.ns - first_failure_.load(std::memory_order_relaxed) > limits.window.count()) {
    failures_.store(0, std::memory_order_relaxed);
  }
  std::uint32_t count = failures_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (count == 1) first_failure_.store(now.ns, std::memory_order_relaxed);
  if (count < limits.failures) return false;
  failures_.store(0, std::memory_order_relaxed);
  out_since_.store(now.ns, std::memory_order_relaxed);
  out_until_.store((now + limits.window).ns, std::memory_order_relaxed);
  return true;
}

}  // namespace sluice::proxy
