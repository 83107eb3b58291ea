// redis_server.h: asks a Redis server, or the server of a Redis cluster that has a key, on connections that each worker
// keeps as it keeps those to any server.
//
// Immutable and shared by all workers, but for the count of connections and what was learnt of a cluster, of which each
// worker has its own.
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
#include "middleware/redis_cluster.h"
#include "middleware/resp.h"
#include "proxy/upstreams.h"

namespace sluice::middleware {

class RedisServer {
 public:
  // Null when an option cannot be used; `error` says which. `tls` is for servers over TLS, else null.
  static std::shared_ptr<const RedisServer> make(const config::RateLimitRedis& settings, unsigned workers,
                                                 std::shared_ptr<const tls::ClientContext> tls,
                                                 control::Registry& registry, std::string& error);

  // The reply to a command about this key, an error of the server's included. Errors: of reaching a server (all
  // endpoints were tried, or the one of the cluster that has the key), timed_out, unavailable for a cluster that is
  // down, invalid for something that is not Redis, security when it refuses our name and password.
  Task<Result<RespValue>> ask(std::string_view key, std::string command) const;

  // To be kept in use by the snapshot.
  const std::vector<std::shared_ptr<const proxy::Endpoint>>& endpoints() const { return endpoints_; }

  // Host and port of an endpoint, "localhost:6379"; the port may be left out.
  static Result<proxy::ServerUrl> parse(std::string_view endpoint, bool secure);

 private:
  struct alignas(64) PerWorker {
    std::size_t active = 0;
    Signal freed;
    RedisCluster cluster;
  };
  class Lease;

  RedisServer(const config::RateLimitRedis& settings, unsigned workers);

  // Of the server, or if it is null of the first endpoint but `lost` that can be reached, which it is then.
  Task<Result<RespValue>> ask_at(std::shared_ptr<const proxy::Endpoint>& server, const proxy::Endpoint* lost,
                                 bool asking, std::string_view command) const;
  Task<Result<RespValue>> ask_one(const proxy::Endpoint& endpoint, bool asking, std::string_view command) const;
  // Null: it names no server.
  std::shared_ptr<const proxy::Endpoint> target(const RedisRedirection& redirection, const proxy::Endpoint& from,
                                                const RedisCluster& cluster) const;
  Task<Status> greet(net::Stream& stream) const;
  Task<Result<RespValue>> exchange(net::Stream& stream, std::string_view command) const;

  config::RateLimitRedis settings_;
  std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints_;
  std::size_t most_active_ = 0;  // of each worker; 0: no limit
  std::unique_ptr<PerWorker[]> per_worker_;
};

}  // namespace sluice::middleware
