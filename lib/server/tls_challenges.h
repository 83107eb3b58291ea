// tls_challenges.h: what becomes of a connection by which a CA asks for the proof of a name (TLS-ALPN-01, RFC 8737):
//
//   armed here                            the challenge's certificate, and nothing else
//   a TCP router passes the name on       its service gets the bytes; a router for any name only with allowACMEByPass
//   the name has a target                 its service gets the bytes
//   anything else                         the alert no_application_protocol; never another certificate
//
// Stateless, on the worker of the connection.
#pragma once

#include <span>
#include <string_view>

#include "async/lent.h"
#include "net/stream.h"
#include "server/challenges.h"
#include "server/snapshot.h"

namespace sluice::server {

// True when the client offers the protocol of CAs and no other (RFC 8737 §3). Whoever offers more is an ordinary
// client, with whom that protocol is never agreed on.
bool is_tls_challenge(std::span<const std::string_view> alpn);

struct TlsChallengePlace {
  const EntryPointRoutes& routes;
  const ChallengeRules* rules = nullptr;
  const Challenges* armed = nullptr;
};

struct TlsChallenge {
  enum class Way : std::uint8_t { answer, pass, refuse };
  Way way = Way::refuse;
  tls::ChallengeCertificate certificate;  // to answer with
  TcpRoute route;                         // to pass it to
  std::string_view why;                   // static text
};
// `sni` is canonical, or empty.
TlsChallenge decide_tls_challenge(const TlsChallengePlace& place, std::string_view sni, const IpAddress& client);

// The handshake with the challenge's certificate, and the end of the connection. `first` are bytes already received.
Task<Status> prove(std::unique_ptr<net::Stream> stream, LentBytes& first, tls::ChallengeCertificate certificate,
                   std::string_view sni);
// Alert 120 in plaintext (RFC 8446 §6.2), and the end.
Task<void> refuse_challenge(net::Stream& stream);

}  // namespace sluice::server
