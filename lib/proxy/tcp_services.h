// tcp_services.h: TCP services: a connection to one of several servers, or to one of several services.
//
// Immutable, shared by all workers; positions of round robin are per worker and outlive snapshots.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "proxy/server_health.h"
#include "proxy/tcp_handler.h"
#include "proxy/weights.h"
#include "tls/client_context.h"

namespace sluice::proxy {

struct TcpTransport {
  Duration dial_timeout = 30s;       // Duration::max(): none
  Duration keep_alive = kKeepAlive;  // between probes of a silent connection; zero: the usual; negative: none
  // How long one direction goes on after the other has ended; negative: for ever. Unset: while it moves, with pauses of
  // kQuiet at most.
  std::optional<Duration> termination_delay;
  int proxy_protocol = 0;                         // version of the header sent to servers; 0: none
  std::shared_ptr<const tls::ClientContext> tls;  // for servers with `tls`

  static constexpr Duration kKeepAlive = 15s;
  static constexpr Duration kQuiet = 60s;

  friend bool operator==(const TcpTransport&, const TcpTransport&) = default;
};

class TcpLoadBalancer final : public TcpHandler {
 public:
  struct Server {
    std::string host;  // name or address, without brackets
    std::uint16_t port = 0;
    std::string address;  // as configured, for logs
    bool tls = false;
    std::shared_ptr<const ServerHealth> health;  // null: not checked
  };

  // `positions` has one weight per server.
  TcpLoadBalancer(std::string name, std::vector<Server> servers, TcpTransport transport,
                  std::shared_ptr<WeightedPositions> positions)
      : name_(std::move(name)),
        servers_(std::move(servers)),
        transport_(std::move(transport)),
        positions_(std::move(positions)) {}

  // A server that cannot be connected to is passed over for the next one; without any the client is closed.
  Task<void> run(net::Stream& client, LentBytes& first, const TcpPeer& peer) const override;
  bool available() const override;

 private:
  struct Connection {
    std::unique_ptr<net::Stream> stream;
    net::SocketStream* socket;  // underneath it
  };

  Task<Result<Connection>> connect(const Server& server, bool has_first, const TcpPeer& peer) const;
  Task<Status> introduce(net::SocketStream& upstream, const TcpPeer& peer, Deadline deadline) const;
  void log_failure(const TcpPeer& peer, const Server* server, const Error& error) const;

  std::string name_;
  std::vector<Server> servers_;
  TcpTransport transport_;
  std::shared_ptr<WeightedPositions> positions_;
};

class TcpWeighted final : public TcpHandler {
 public:
  // `health_check`: services none of whose servers is well are passed over.
  TcpWeighted(std::vector<std::shared_ptr<const TcpHandler>> services, std::shared_ptr<WeightedPositions> positions,
              bool health_check)
      : services_(std::move(services)), positions_(std::move(positions)), health_check_(health_check) {}
  // Not a coroutine of its own.
  Task<void> run(net::Stream& client, LentBytes& first, const TcpPeer& peer) const override;
  bool available() const override;

 private:
  std::vector<std::shared_ptr<const TcpHandler>> services_;
  std::shared_ptr<WeightedPositions> positions_;
  bool health_check_;
};

}  // namespace sluice::proxy
