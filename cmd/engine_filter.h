// engine_filter.h: what of a Docker engine's API may be read through `sluice engine-proxy`: what Sluice asks, and
// nothing that changes anything or that shows a container's files, log or memory.
#pragma once

#include <memory>
#include <string_view>

#include "proxy/endpoint.h"
#include "proxy/handler.h"

namespace sluice::cmd {

struct EngineAllowance {
  bool inspect = false;  // one container's description, which has its environment in it
  bool swarm = false;    // services, tasks, networks and nodes
};

// Whether a request with this method and path, as it was sent, may pass. Only GET and HEAD do; of the path every byte
// counts: another spelling of an allowed one is not allowed.
bool engine_allows(std::string_view method, std::string_view path, const EngineAllowance& allowance);

// Passes on what is allowed; anything else is a 403 that says what is.
class EngineFilter final : public proxy::Handler {
 public:
  EngineFilter(std::shared_ptr<const proxy::Endpoint> engine, EngineAllowance allowance)
      : engine_(std::move(engine)), allowance_(allowance) {}

  Task<Result<http::Response>> handle(http::Request& request) const override;

 private:
  std::shared_ptr<const proxy::Endpoint> engine_;
  EngineAllowance allowance_;
};

}  // namespace sluice::cmd
