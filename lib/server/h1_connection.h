// h1_connection.h: one HTTP/1 client connection: reads requests, runs them one after another, writes their responses.
//
// Owned by the task that runs it, on the worker that accepted it. While it is idle it holds no buffer, no parser and no
// arena; those live in the exchange.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/lent.h"
#include "http/message.h"
#include "net/stream.h"
#include "server/connections.h"
#include "server/entry_point_settings.h"
#include "server/host.h"

namespace sluice::server {

enum class Next : std::uint8_t {
  keep_alive,  // another request may follow
  close,       // nothing is left to read
  linger,      // close after what the client still sends was read for a moment
  gone,        // there is nobody left, or the response was cut short
};

class H1Connection final : public ClientConnection {
 public:
  // `index` is the entry point's place in the snapshot.
  H1Connection(std::unique_ptr<net::Stream> stream, const http::Peer& peer, const EntryPointSettings& settings,
               std::size_t index, Host& host, Connections& all);

  // Before `run`: bytes already received, taken over, and what TLS settled.
  void begin_with(LentBytes& received) { received_.take(received); }
  void secured(std::unique_ptr<const TlsPeer> tls);

  // Until the connection has ended.
  Task<void> run();

  void finish() override;

 private:
  friend class H1Exchange;

  Task<void> linger();

  std::unique_ptr<net::Stream> stream_;
  http::Peer peer_;
  std::string remote_text_;             // what peer_.remote_text points to
  std::unique_ptr<const TlsPeer> tls_;  // null: plaintext
  const EntryPointSettings& settings_;
  std::size_t index_;
  Host& host_;
  LentBytes received_;  // read and not yet part of a request
  Time began_;
  std::int64_t requests_ = 0;
};

}  // namespace sluice::server
