// entry_point.h: one entry point on one worker: its listener and its connections.
#pragma once

#include "async/scope.h"
#include "net/listener.h"
#include "server/connections.h"
#include "server/h1_connection.h"

namespace sluice::server {

class EntryPoint final : private net::Listener {
 public:
  // What an entry point asks of its worker when descriptors run short.
  class Shortage {
   public:
    virtual void descriptors_exhausted() = 0;

   protected:
    ~Shortage() = default;
  };

  // Connections run in `scope`.
  EntryPoint(const EntryPointSettings& settings, std::size_t index, Host& host, Scope& scope, Shortage& shortage)
      : settings_(settings), index_(index), host_(host), scope_(scope), shortage_(shortage) {}

  using Listener::local;
  Status open(const SocketAddress& address) { return Listener::open(address); }
  Status start() { return Listener::start(); }

  // Accepts no more, and ends every connection as soon as nothing is lost by it.
  void drain();
  Connections& connections() { return connections_; }

 private:
  void on_accept(int fd, const SocketAddress& remote) override;
  void on_exhausted() override;

  const EntryPointSettings& settings_;
  std::size_t index_;
  Host& host_;
  Scope& scope_;
  Shortage& shortage_;
  Connections connections_;
};

}  // namespace sluice::server
