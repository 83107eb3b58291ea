#include "proxy/udp_services.h"

#include <algorithm>

namespace sluice::proxy {

const UdpServer* UdpLoadBalancer::choose(unsigned worker) const {
  int chosen = positions_->next(worker, [](int) { return true; });
  return chosen < 0 ? nullptr : &servers_[static_cast<std::size_t>(chosen)];
}

bool UdpLoadBalancer::has(std::string_view address) const {
  return std::any_of(servers_.begin(), servers_.end(),
                     [&](const UdpServer& server) { return server.address == address; });
}

const UdpServer* UdpWeighted::choose(unsigned worker) const {
  int chosen = positions_->next(worker, [](int) { return true; });
  return chosen < 0 ? nullptr : services_[static_cast<std::size_t>(chosen)]->choose(worker);
}

bool UdpWeighted::has(std::string_view address) const {
  return std::any_of(services_.begin(), services_.end(), [&](const auto& service) { return service->has(address); });
}

}  // namespace sluice::proxy
