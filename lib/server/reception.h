// reception.h: what becomes of a new connection, decided once, from its first bytes:
//
//   no TLS router on the entry point, but TCP ones   a TCP router, by the client's address, without waiting for bytes
//   no TLS                                           a TCP router, else HTTP: version 2 if its preface comes
//   PostgreSQL's question for TLS                    answered, then TLS that only TCP routers take
//   TLS, a CA asks about a name                      tls_challenges.h
//   TLS, the name belongs to an HTTPS router         TLS ends here with the name's options, then HTTP as ALPN says
//   TLS, a TCP router names it                       passed through, or TLS ends here
//   TLS, a name that may get a certificate now       waits for it first (certificate_demand.h)
//   TLS, anything else                               HTTPS routers for any host, then TCP routers for any, then 404
//
// Before all of it comes the header of the PROXY protocol, where the entry point speaks it.
//
// The object lives in the frame of its task, which ends when the connection has gone to whoever serves it.
#pragma once

#include <memory>

#include "async/lent.h"
#include "async/scope.h"
#include "net/stream.h"
#include "server/connections.h"
#include "server/h1_connection.h"
#include "server/handshake_gate.h"
#include "tls/client_hello.h"

namespace sluice::server {

class Reception final : public ClientConnection {
 public:
  struct Place {
    const EntryPointSettings& settings;
    std::size_t index;  // of the entry point in the snapshot
    Host& host;
    Connections& all;
    Scope& scope;  // connections run in it
    HandshakeGate& handshakes;
  };
  static Task<void> run(std::unique_ptr<net::Stream> stream, http::Peer peer, Place place);

  void finish() override;

  // From the first byte of TLS to the end of the handshake, unless the entry point has a shorter readTimeout.
  static constexpr Duration kHandshakeTimeout = 10s;

 private:
  Reception(std::unique_ptr<net::Stream> stream, const http::Peer& peer, const Place& place)
      : ClientConnection(place.all), stream_(std::move(stream)), peer_(peer), place_(place) {}

  Task<void> receive();
  Task<bool> first_bytes();
  // `postgres`: the client asked for TLS as PostgreSQL clients do, and was told to begin.
  Task<void> receive_tls(bool postgres);
  Deadline head_deadline() const;
  Deadline handshake_deadline() const;
  Task<bool> read_hello(tls::ClientHelloReader& hello, Deadline deadline);
  Task<void> meet_challenge(std::string sni, Ref<PinnedSnapshot> pinned);
  Task<void> end_tls(const HttpsHosts::Policy& policy, std::string sni, Ref<PinnedSnapshot> pinned, Deadline deadline);
  Task<void> serve_tcp(const TcpRoute& route, std::string sni, Ref<PinnedSnapshot> pinned, Deadline deadline);
  Task<bool> read_h2_preface(Deadline deadline);
  void serve_http(std::unique_ptr<const TlsPeer> tls, bool h2);
  void log_refusal(std::string_view why, std::string_view sni) const;
  const EntryPointRoutes& routes(const PinnedSnapshot& pinned) const { return *(*pinned).entry_points[place_.index]; }

  std::unique_ptr<net::Stream> stream_;
  http::Peer peer_;
  Place place_;
  LentBytes received_;
  bool postgres_ = false;
};

}  // namespace sluice::server
