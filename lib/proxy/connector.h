// connector.h: opens the transport to an endpoint: its name resolved, a socket dialled, later TLS on top. Tests put
// streams in memory in its place. One per worker.
#pragma once

#include <memory>

#include "net/resolver.h"
#include "net/stream.h"
#include "proxy/endpoint.h"

namespace sluice::proxy {

class Connector {
 public:
  virtual ~Connector() = default;
  // Errors have nothing_sent: not_found, refused, timed_out (settings().dial_timeout), exhausted, or what the scope was
  // cancelled with.
  virtual Task<Result<std::unique_ptr<net::Stream>>> connect(const Endpoint& endpoint) = 0;
};

class SocketConnector final : public Connector {
 public:
  explicit SocketConnector(net::Resolver& resolver) : resolver_(resolver) {}
  // Tries the addresses of the name one after another.
  Task<Result<std::unique_ptr<net::Stream>>> connect(const Endpoint& endpoint) override;

 private:
  net::Resolver& resolver_;
};

}  // namespace sluice::proxy
