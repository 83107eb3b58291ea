#include "proxy/load_balancer.h"

#include <cstring>

#include "proxy/worker_local.h"

namespace sluice::proxy {

LoadBalancer::LoadBalancer(std::string name, std::vector<Server> servers, bool pass_host_header,
                           std::shared_ptr<WeightedPositions> positions)
    : name_(std::move(name)), servers_(std::move(servers)), positions_(std::move(positions)) {
  for (const Server& server : servers_) {
    destinations_.push_back(Destination{server.endpoint.get(), pass_host_header, server.preserve_path});
  }
}

Task<Result<http::Response>> LoadBalancer::handle(http::Request& request) const {
  request.service = name_;
  request.server = {};
  // Most services have one server; then there is nothing to choose and nothing to come back to.
  if (destinations_.size() == 1 && positions_->may_choose(0)) {
    request.server = destinations_.front().endpoint->name();
    return forward(request, destinations_.front());
  }
  return try_servers(request);
}

Task<Result<http::Response>> LoadBalancer::try_servers(http::Request& request) const {
  Error failure = Error::of(Code::unavailable, "no available server");
  failure.nothing_sent = true;
  bool* tried = nullptr;
  for (std::size_t attempt = 0; attempt < destinations_.size(); ++attempt) {
    int chosen =
        positions_->next(WorkerLocal::current().index(), [tried](int i) { return tried == nullptr || !tried[i]; });
    if (chosen < 0) break;
    const Destination& destination = destinations_[static_cast<std::size_t>(chosen)];
    request.server = destination.endpoint->name();
    Result<http::Response> response = co_await forward(request, destination);
    if (response || !response.error().nothing_sent || response.error().origin != Origin::upstream) co_return response;
    failure = response.error();
    if (tried == nullptr) {
      tried = request.arena.array<bool>(destinations_.size());
      std::memset(tried, 0, destinations_.size());
    }
    tried[chosen] = true;
  }
  co_return failure;
}

}  // namespace sluice::proxy
