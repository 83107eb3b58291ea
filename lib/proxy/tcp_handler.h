// tcp_handler.h: the shape of everything that serves a TCP connection: services and what stands in front of them.
//
// Immutable, built once per snapshot, shared by all workers.
#pragma once

#include "async/lent.h"
#include "async/task.h"
#include "base/ip.h"
#include "net/stream.h"

namespace sluice::proxy {

// What is known of a connection besides its bytes. Lives as long as the connection.
struct TcpPeer {
  SocketAddress remote;
  SocketAddress local;
  std::string_view entry_point;
  std::string_view router;
};

class TcpHandler {
 public:
  virtual ~TcpHandler() = default;
  // Until the connection has ended. `first` are bytes already received. Called once per connection, from any worker.
  virtual Task<void> run(net::Stream& client, LentBytes& first, const TcpPeer& peer) const = 0;
};

}  // namespace sluice::proxy
