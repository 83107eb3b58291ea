// tcp_handler.h: the shape of everything that serves a TCP connection: services and what stands in front of them.
//
// Immutable, built once per snapshot, shared by all workers.
#pragma once

#include <memory>
#include <vector>

#include "async/lent.h"
#include "async/task.h"
#include "base/ip.h"
#include "net/socket_stream.h"

namespace sluice::proxy {

// What is known of a connection besides its bytes. Lives as long as the connection.
struct TcpPeer {
  SocketAddress remote;  // the client, after PROXY protocol
  SocketAddress local;   // where it connected to; the address of a listener for all addresses is unspecified
  std::string_view entry_point;
  std::string_view router;
  const net::SocketStream* socket = nullptr;  // underneath the client's stream; null: there is none
  bool postgres = false;                      // TLS is passed through, and began with PostgreSQL's question for it
};

class TcpHandler {
 public:
  virtual ~TcpHandler() = default;
  // Until the connection has ended. `first` are bytes already received. Called once per connection, from any worker.
  virtual Task<void> run(net::Stream& client, LentBytes& first, const TcpPeer& peer) const = 0;
  // Whether a connection would find a server, as far as health checks know. From any worker.
  virtual bool available() const { return true; }
};

// A TCP middleware: lets a connection on to `next`, or returns, which closes it. Called once per connection, from any
// worker.
class TcpMiddleware {
 public:
  virtual ~TcpMiddleware() = default;
  virtual Task<void> run(net::Stream& client, LentBytes& first, const TcpPeer& peer, const TcpHandler& next) const = 0;
};

using TcpChain = std::vector<std::shared_ptr<const TcpMiddleware>>;

// The service behind the middlewares, the first one outermost; the service itself when there are none.
std::shared_ptr<const TcpHandler> tcp_chain(const TcpChain& middlewares, std::shared_ptr<const TcpHandler> service);

}  // namespace sluice::proxy
