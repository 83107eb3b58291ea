// entry_point.h: one TCP entry point on one worker: its listener and its connections.
#pragma once

#include "async/scope.h"
#include "net/listener.h"
#include "server/connections.h"
#include "server/entrance.h"
#include "server/h1_connection.h"
#include "server/handshake_gate.h"

namespace sluice::server {

class EntryPoint final : public Entrance, private net::Listener {
 public:
  // What an entry point asks of its worker when descriptors run short.
  class Shortage {
   public:
    virtual void descriptors_exhausted() = 0;

   protected:
    ~Shortage() = default;
  };

  // Connections run in `scope`.
  EntryPoint(const EntryPointSettings& settings, std::size_t index, Host& host, Scope& scope, HandshakeGate& handshakes,
             Shortage& shortage)
      : settings_(settings), index_(index), host_(host), scope_(scope), handshakes_(handshakes), shortage_(shortage) {}

  Status open(const SocketAddress& address) override { return Listener::open(address); }
  SocketAddress local() const override { return Listener::local(); }
  Status start() override { return Listener::start(); }
  void drain() override;
  Task<Status> wait_until_none(Deadline deadline) override { return connections_.wait_until_none(deadline); }

 private:
  void on_accept(int fd, const SocketAddress& remote) override;
  void on_exhausted() override;

  const EntryPointSettings& settings_;
  std::size_t index_;
  Host& host_;
  Scope& scope_;
  HandshakeGate& handshakes_;
  Shortage& shortage_;
  Connections connections_;
};

}  // namespace sluice::server
