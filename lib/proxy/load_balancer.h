// load_balancer.h: the loadBalancer service: one of several servers answers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/forward.h"
#include "proxy/handler.h"
#include "proxy/server_health.h"
#include "proxy/sticky.h"
#include "proxy/strategy.h"

namespace sluice::proxy {

// Immutable; strategy and health are shared with the service of the same name in other snapshots.
class LoadBalancer final : public Handler {
 public:
  struct Server {
    std::shared_ptr<const Endpoint> endpoint;
    bool preserve_path = false;
    std::shared_ptr<ServerHealth> health;  // null: nobody checks it
  };
  struct Options {
    std::string name;
    bool pass_host_header = true;
    std::optional<Sticky> sticky;          // choices as `servers`
    std::optional<PassiveLimits> passive;  // then every server has a health
    Duration slow_start{0};                // then too: a server gets its full share so long after it came
  };

  // `strategy` has one choice per server. Without servers every request fails with Code::unavailable.
  LoadBalancer(Options options, std::vector<Server> servers, std::shared_ptr<Strategy> strategy);

  // A server to which nothing was sent (it refused the connection, say) is passed over for the next one.
  Task<Result<http::Response>> handle(http::Request& request) const override;
  bool ready() const override;

 private:
  class Untried;

  Task<Result<http::Response>> try_servers(http::Request& request) const;
  bool is_up(std::size_t index) const;
  double share_of(std::size_t index) const;
  void learn(http::Request& request, std::size_t index, Time began, Result<http::Response>& response) const;

  Options options_;
  std::vector<Destination> destinations_;
  std::vector<Server> servers_;
  std::shared_ptr<Strategy> strategy_;
  bool plain_ = false;  // one server, and nothing to remember or to learn
};

}  // namespace sluice::proxy
