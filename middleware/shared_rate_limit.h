// shared_rate_limit.h: rateLimit with its buckets in a Redis server, shared by several instances.
//
// The same buckets as those in memory (rate_buckets.h): one time for each source, changed by a script that runs in the
// server, by the server's clock. A server that cannot be asked lets nobody pass (500), as in Traefik. Immutable and
// shared by all workers.
#pragma once

#include <memory>
#include <string>

#include "control/middleware_kind.h"
#include "middleware/redis_server.h"
#include "middleware/request_source.h"

namespace sluice::middleware {

class SharedRateLimit final : public proxy::Middleware {
 public:
  struct Limit {
    Duration interval;  // between two tokens
    std::int64_t burst = 1;
    Duration patience;  // for which a request is held back
  };
  SharedRateLimit(std::string name, RequestSource source, Limit limit, std::shared_ptr<const RedisServer> server);

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

 private:
  struct Verdict {
    bool admitted = false;
    Duration wait{0};
  };
  Task<Result<Verdict>> take(const http::Request& request) const;

  std::string name_;
  RequestSource source_;
  std::string interval_;  // microseconds, as the script takes them
  std::string burst_;
  std::string patience_;
  std::string digest_;  // of the script
  std::shared_ptr<const RedisServer> server_;
};

}  // namespace sluice::middleware
