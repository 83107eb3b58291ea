// redis_server.h: asks a Redis server, on connections that each worker keeps as it keeps those to any server.
//
// Immutable and shared by all workers, but for the count of connections, of which each worker has its own.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/signal.h"
#include "config/middleware_options.h"
#include "control/registry.h"
#include "middleware/resp.h"
#include "proxy/upstreams.h"

namespace sluice::middleware {

class RedisServer {
 public:
  // Null when an option cannot be used; `error` says which. `tls` is for servers over TLS, else null.
  static std::shared_ptr<const RedisServer> make(const config::RateLimitRedis& settings, unsigned workers,
                                                 std::shared_ptr<const tls::ClientContext> tls,
                                                 control::Registry& registry, std::string& error);

  // The reply, an error of the server's included. Errors: of reaching a server (all endpoints were tried), timed_out,
  // invalid for something that is not Redis, security when it refuses our name and password.
  Task<Result<RespValue>> ask(std::string command) const;

  // To be kept in use by the snapshot.
  const std::vector<std::shared_ptr<const proxy::Endpoint>>& endpoints() const { return endpoints_; }

  // Host and port of an endpoint, "localhost:6379"; the port may be left out.
  static Result<proxy::ServerUrl> parse(std::string_view endpoint, bool secure);

 private:
  struct alignas(64) PerWorker {
    std::size_t active = 0;
    Signal freed;
  };
  class Lease;

  RedisServer(const config::RateLimitRedis& settings, unsigned workers);

  Task<Result<RespValue>> ask_one(const proxy::Endpoint& endpoint, std::string_view command) const;
  Task<Status> greet(net::Stream& stream) const;
  Task<Result<RespValue>> exchange(net::Stream& stream, std::string_view command) const;

  config::RateLimitRedis settings_;
  std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints_;
  std::size_t most_active_ = 0;  // of each worker; 0: no limit
  std::unique_ptr<PerWorker[]> per_worker_;
};

}  // namespace sluice::middleware
