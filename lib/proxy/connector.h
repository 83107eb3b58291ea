// connector.h: opens the transport to an endpoint: its name resolved, a socket dialled, TLS on top where its URL says
// so. Tests put streams in memory in its place. One per worker.
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
  // cancelled with; over TLS also security, with what is wrong with the server's certificate. `name` is the host of the
  // request, for endpoints that are named by it.
  virtual Task<Result<std::unique_ptr<net::Stream>>> connect(const Endpoint& endpoint, std::string_view name) = 0;
  // The same for HTTP/1.1 alone: what is upgraded cannot share a connection.
  virtual Task<Result<std::unique_ptr<net::Stream>>> connect_http1(const Endpoint& endpoint, std::string_view name) {
    return connect(endpoint, name);
  }
};

class SocketConnector final : public Connector {
 public:
  explicit SocketConnector(net::Resolver& resolver) : resolver_(resolver) {}
  // Tries the addresses of the name one after another.
  Task<Result<std::unique_ptr<net::Stream>>> connect(const Endpoint& endpoint, std::string_view name) override {
    return open(endpoint, name, false);
  }
  Task<Result<std::unique_ptr<net::Stream>>> connect_http1(const Endpoint& endpoint, std::string_view name) override {
    return open(endpoint, name, true);
  }

 private:
  Task<Result<std::unique_ptr<net::Stream>>> open(const Endpoint& endpoint, std::string_view name, bool http1_only);

  net::Resolver& resolver_;
};

}  // namespace sluice::proxy
