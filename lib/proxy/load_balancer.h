// load_balancer.h: the loadBalancer service: one of several servers answers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/forward.h"
#include "proxy/handler.h"
#include "proxy/weights.h"

namespace sluice::proxy {

// Immutable; the positions are shared with the service of the same name in other snapshots.
class LoadBalancer final : public Handler {
 public:
  struct Server {
    std::shared_ptr<const Endpoint> endpoint;
    bool preserve_path = false;
  };

  // `positions` has one weight per server. Without servers every request fails with Code::unavailable.
  LoadBalancer(std::string name, std::vector<Server> servers, bool pass_host_header,
               std::shared_ptr<WeightedPositions> positions);

  // A server to which nothing was sent (it refused the connection, say) is passed over for the next one.
  Task<Result<http::Response>> handle(http::Request& request) const override;

 private:
  Task<Result<http::Response>> try_servers(http::Request& request) const;

  std::string name_;
  std::vector<Destination> destinations_;
  std::vector<Server> servers_;
  std::shared_ptr<WeightedPositions> positions_;
};

}  // namespace sluice::proxy
