#include "server/reception.h"

#include <algorithm>

#include "observe/log.h"
#include "proxy/postgres.h"
#include "server/certificate_demand.h"
#include "server/h2_connection.h"
#include "server/proxy_preamble.h"
#include "server/tcp_choice.h"
#include "server/tls_challenges.h"
#include "tls/tls_stream.h"

namespace sluice::server {
namespace {

constexpr char kTlsHandshake = 22;  // the first byte of a TLS connection (RFC 8446 §5.1)

// What a client that knows of HTTP/2 without ALPN begins with (RFC 9113 §3.4); "PRI" is no method of HTTP/1.
constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n";

template <class Connection>
Task<void> serve(std::unique_ptr<Connection> connection) {
  co_await connection->run();
}

}  // namespace

Task<void> Reception::run(std::unique_ptr<net::Stream> stream, http::Peer peer, Place place) {
  Reception self(std::move(stream), peer, place);
  co_await self.receive();
}

void Reception::finish() {
  if (is_idle() && stream_ != nullptr) stream_->interrupt();
}

Task<void> Reception::receive() {
  bool expects_header = place_.settings.proxy_protocol.has_value();
  // Nobody waits for the header of a peer that is not believed, unless bytes are waited for anyway.
  bool header_first = expects_header && believes_proxy_header(place_.settings, peer_);
  if (header_first) {
    set_idle(true);
    bool taken = co_await take_proxy_header(*stream_, received_, peer_, place_.settings);
    set_idle(false);
    if (!taken) co_return;
  }
  {
    Ref<PinnedSnapshot> pinned = place_.host.snapshot();
    const EntryPointRoutes& here = routes(*pinned);
    if (decides_by_address(here)) {
      route::Hello hello{{}, peer_.remote.ip, {}};
      if (const TcpRoute* route = tcp_route_of(*here.tcp, hello)) {
        co_await serve_tcp(*route, {}, pinned, kNoDeadline);
        co_return;
      }
    }
  }
  bool arrived = co_await first_bytes();
  if (!arrived) co_return;
  if (expects_header && !header_first) {
    bool taken = co_await take_proxy_header(*stream_, received_, peer_, place_.settings);
    if (!taken) co_return;
    arrived = co_await first_bytes();
    if (!arrived) co_return;
  }
  if (received_.bytes().front() == kTlsHandshake) {
    co_await receive_tls(false);
    co_return;
  }
  Ref<PinnedSnapshot> pinned = place_.host.snapshot();
  const EntryPointRoutes& here = routes(*pinned);
  if (proxy::may_be_postgres(received_.bytes()) && here.tls != nullptr && here.tls->tcp.table.size() > 0) {
    proxy::Postgres first = co_await proxy::read_ssl_request(*stream_, received_, handshake_deadline());
    if (first == proxy::Postgres::gone) co_return;
    if (first == proxy::Postgres::asks_for_tls) {
      pinned = Ref<PinnedSnapshot>();
      co_await receive_tls(true);
      co_return;
    }
  }
  if (here.tcp != nullptr) {
    route::Hello hello{{}, peer_.remote.ip, {}};
    if (const TcpRoute* route = tcp_route_of(*here.tcp, hello)) {
      co_await serve_tcp(*route, {}, pinned, kNoDeadline);
      co_return;
    }
  }
  bool h2 = false;
  if (received_.bytes().front() == kH2Preface.front()) h2 = co_await read_h2_preface(head_deadline());
  serve_http(nullptr, h2);
}

// True when the connection begins with the preface; more is read only while that is still open.
Task<bool> Reception::read_h2_preface(Deadline deadline) {
  for (;;) {
    std::string_view bytes = received_.bytes();
    if (bytes.size() >= kH2Preface.size()) co_return bytes.starts_with(kH2Preface);
    if (!kH2Preface.starts_with(bytes)) co_return false;
    received_.keep();
    Result<net::Bytes> more = co_await stream_->read(deadline);
    if (!more || more->empty()) co_return false;
    received_.append(*more);
  }
}

// Idle until they come. False: they do not.
Task<bool> Reception::first_bytes() {
  if (!received_.empty()) co_return true;
  set_idle(true);
  Deadline deadline = head_deadline();
  Status ready = co_await stream_->wait_readable(deadline);
  set_idle(false);
  if (!ready || stream_->broken()) co_return false;
  Result<net::Bytes> bytes = co_await stream_->read(deadline);
  if (!bytes || bytes->empty()) co_return false;
  received_.hold(*bytes);
  co_return true;
}

Deadline Reception::head_deadline() const {
  Duration longest = place_.settings.head_timeout();
  return longest > 0s ? Loop::current().now() + longest : kNoDeadline;
}

Deadline Reception::handshake_deadline() const {
  Duration longest = std::min(kHandshakeTimeout, place_.settings.head_timeout());
  if (longest <= 0s) longest = kHandshakeTimeout;
  return Loop::current().now() + longest;
}

Task<void> Reception::receive_tls(bool postgres) {
  Deadline deadline = handshake_deadline();
  tls::ClientHelloReader hello;
  bool complete = co_await read_hello(hello, deadline);
  if (!complete) co_return;
  std::string sni(hello.sni());
  Ref<PinnedSnapshot> pinned = place_.host.snapshot();
  if (is_tls_challenge(hello.alpn())) {
    co_await meet_challenge(std::move(sni), pinned);
    co_return;
  }
  const TlsRoutes* here = routes(*pinned).tls.get();
  if (here == nullptr) {
    log_refusal("TLS is not spoken here", sni);
    co_return;
  }
  route::Hello asked{sni, peer_.remote.ip, hello.alpn()};
  const TcpRoute* route = postgres ? tcp_route_of(here->tcp, asked) : tcp_route_of(*here, asked);
  if (route != nullptr) {
    postgres_ = postgres;
    co_await serve_tcp(*route, std::move(sni), pinned, deadline);
    co_return;
  }
  if (postgres) {
    log_refusal("no TCP router takes the PostgreSQL connection", sni);
    co_return;
  }
  CertificateDemand* demand = place_.host.certificate_demand();
  if (demand != nullptr && (here->hosts.catch_all() || here->hosts.find(sni).specific) &&
      demand->concerns(**pinned, sni)) {
    pinned = Ref<PinnedSnapshot>();
    const CertificateDemand::End end = co_await demand->wait(place_.host, sni, peer_.remote.ip, deadline);
    if (end == CertificateDemand::End::late) {
      log_refusal("the certificate of the name was not there in time", sni);
      co_return;
    }
    pinned = place_.host.snapshot();
    here = routes(*pinned).tls.get();
    if (here == nullptr) co_return;
  }
  const HttpsHosts::Policy& policy = *here->hosts.find(sni).policy;
  co_await end_tls(policy, std::move(sni), pinned, deadline);
}

Task<void> Reception::meet_challenge(std::string sni, Ref<PinnedSnapshot> pinned) {
  TlsChallengePlace place{routes(*pinned), (**pinned).challenge_rules(place_.index), place_.host.challenges()};
  TlsChallenge challenge = decide_tls_challenge(place, sni, peer_.remote.ip);
  if (const ChallengeCounts* counts = place_.host.challenge_counts()) {
    counts->add(ChallengeCounts::tls_alpn, challenge.way == TlsChallenge::Way::answer ? ChallengeCounts::own
                                           : challenge.way == TlsChallenge::Way::pass ? ChallengeCounts::forwarded
                                                                                      : ChallengeCounts::refused);
  }
  if (challenge.way == TlsChallenge::Way::pass) {
    co_await serve_tcp(challenge.route, std::move(sni), pinned, kNoDeadline);
    co_return;
  }
  if (challenge.way == TlsChallenge::Way::answer) {
    Status proved = co_await prove(std::move(stream_), received_, challenge.certificate, sni);
    if (!proved) log_refusal(proved.error().text, sni);
    co_return;
  }
  log_refusal(challenge.why, sni);
  co_await refuse_challenge(*stream_);
}

Task<bool> Reception::read_hello(tls::ClientHelloReader& hello, Deadline deadline) {
  using State = tls::ClientHelloReader::State;
  for (;;) {
    State state = hello.read(received_.bytes());
    if (state == State::done) co_return true;
    if (state != State::need_more) {
      log_refusal(hello.why(), {});
      co_return false;
    }
    received_.keep();
    Result<net::Bytes> bytes = co_await stream_->read(deadline);
    if (!bytes || bytes->empty()) {
      log_refusal(bytes ? "closed inside the ClientHello" : bytes.error().text, {});
      co_return false;
    }
    received_.append(*bytes);
  }
}

// `pinned` keeps policy and certificates until the handshake is over.
Task<void> Reception::end_tls(const HttpsHosts::Policy& policy, std::string sni, Ref<PinnedSnapshot> pinned,
                              Deadline deadline) {
  if (policy.context == nullptr) {
    log_refusal("the TLS options of the name cannot be used", sni);
    co_return;
  }
  auto peer = std::make_unique<TlsPeer>();
  peer->sni = std::move(sni);
  peer->options = policy.options;
  bool proves_itself = policy.context->asks_for_certificates();
  Result<HandshakeGate::Pass> pass = co_await place_.handshakes.enter(deadline);
  if (!pass) {
    log_refusal(pass.error().text, peer->sni);
    co_return;
  }
  tls::TlsStream::Server server{policy.context, (**pinned).certificates.get(), peer->sni};
  Result<std::unique_ptr<tls::TlsStream>> stream =
      co_await tls::TlsStream::accept(std::move(stream_), received_, server, deadline);
  if (!stream) {
    log_refusal(stream.error().text, peer->sni);
    co_return;
  }
  bool h2 = (*stream)->protocol() == "h2";
  if (proves_itself) peer->client_chain = (*stream)->peer_chain();
  stream_ = std::move(*stream);
  serve_http(std::move(peer), h2);
}

Task<void> Reception::serve_tcp(const TcpRoute& route, std::string sni, Ref<PinnedSnapshot> pinned, Deadline deadline) {
  // The socket outlives what is put around it.
  net::SocketStream* socket = stream_->socket();
  // The connection may outlive the snapshot by hours; what it needs of it does too.
  std::shared_ptr<const proxy::TcpHandler> handler = route.handler;
  std::string router = route.router;
  bool passed_on = route.tls == TcpRoute::Tls::passthrough;
  if (route.tls == TcpRoute::Tls::terminate) {
    if (route.context == nullptr) {
      log_refusal("the TLS options of the router cannot be used", sni);
      co_return;
    }
    Result<HandshakeGate::Pass> pass = co_await place_.handshakes.enter(deadline);
    if (!pass) {
      log_refusal(pass.error().text, sni);
      co_return;
    }
    tls::TlsStream::Server server{route.context, (**pinned).certificates.get(), sni};
    Result<std::unique_ptr<tls::TlsStream>> stream =
        co_await tls::TlsStream::accept(std::move(stream_), received_, server, deadline);
    if (!stream) {
      log_refusal(stream.error().text, sni);
      co_return;
    }
    stream_ = std::move(*stream);
  }
  pinned = Ref<PinnedSnapshot>();
  proxy::TcpPeer peer{peer_.remote, peer_.local, peer_.entry_point, router, socket, postgres_ && passed_on};
  co_await handler->run(*stream_, received_, peer);
}

void Reception::serve_http(std::unique_ptr<const TlsPeer> tls, bool h2) {
  auto begin = [&](auto connection) {
    connection->begin_with(received_);
    if (tls != nullptr) connection->secured(std::move(tls));
    place_.scope.spawn(serve(std::move(connection)));
  };
  const EntryPointSettings& settings = place_.settings;
  if (h2) {
    begin(std::make_unique<H2Connection>(std::move(stream_), peer_, settings, place_.index, place_.host, place_.all));
  } else {
    begin(std::make_unique<H1Connection>(std::move(stream_), peer_, settings, place_.index, place_.host, place_.all));
  }
}

void Reception::log_refusal(std::string_view why, std::string_view sni) const {
  if (!log::enabled(log::Level::debug)) return;
  log::debug("TLS connection refused", {{log::field::kEntryPoint, place_.settings.name},
                                        {"client", peer_.remote.to_string()},
                                        {"serverName", sni},
                                        {log::field::kError, why}});
}

}  // namespace sluice::server
