// worker_local.h: what handlers, which all workers share, need of the worker they run on.
#pragma once

#include <string>

#include "async/scope.h"
#include "net/resolver.h"
#include "proxy/h2_pool.h"
#include "proxy/upstreams.h"

namespace sluice::proxy {

class WorkerLocal {
 public:
  // Made on the worker's thread, one per thread; `index` counts workers from 0. `scope` must be joined before the end.
  WorkerLocal(unsigned index, Scope& scope);
  // With another way to reach endpoints, for tests.
  WorkerLocal(unsigned index, Scope& scope, Connector& connector);
  ~WorkerLocal();
  WorkerLocal(const WorkerLocal&) = delete;
  WorkerLocal& operator=(const WorkerLocal&) = delete;

  static WorkerLocal& current();

  unsigned index() const { return index_; }
  Upstreams& upstreams() { return upstreams_; }
  H2Pool& h2_pool() { return h2_pool_; }

  // From now on these endpoints are in use; what is connected to others ends.
  void adopt(std::span<const std::shared_ptr<const Endpoint>> endpoints);
  // Closes connections to upstreams that carry nothing; descriptors are short or the worker drains.
  void close_idle();

  net::Resolver& resolver() { return resolver_; }
  // For what outlives the exchange that began it. Cancelled when the process ends; a drain does not wait for it.
  Scope& background() { return scope_; }

 private:
  unsigned index_;
  Scope& scope_;
  net::Resolver resolver_;
  SocketConnector sockets_;
  Upstreams upstreams_;
  H2Pool h2_pool_;
};

}  // namespace sluice::proxy
