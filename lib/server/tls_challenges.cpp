#include "server/tls_challenges.h"

#include "async/loop.h"
#include "observe/log.h"
#include "tls/tls_stream.h"

namespace sluice::server {
namespace {

constexpr Duration kProofTime = 5s;
constexpr int kMostReads = 16;  // after the handshake a CA has nothing to say but good-bye

// A TLS record with a fatal no_application_protocol.
constexpr std::string_view kRefusal("\x15\x03\x03\x00\x02\x02\x78", 7);

TlsChallenge pass_to(TcpRoute route) {
  TlsChallenge challenge;
  challenge.way = TlsChallenge::Way::pass;
  challenge.route = std::move(route);
  return challenge;
}

TlsChallenge refuse(std::string_view why) {
  TlsChallenge challenge;
  challenge.why = why;
  return challenge;
}

// Bytes that arrive at a closed socket would reset it, and the peer might lose what was sent to it last.
Task<void> see_off(net::Stream& stream, Deadline deadline) {
  stream.shutdown();
  for (int i = 0; i < kMostReads; ++i) {
    Result<net::Bytes> bytes = co_await stream.read(deadline);
    if (!bytes || bytes->empty()) co_return;
  }
}

}  // namespace

bool is_tls_challenge(std::span<const std::string_view> alpn) {
  return alpn.size() == 1 && alpn.front() == tls::kChallengeProtocol;
}

TlsChallenge decide_tls_challenge(const TlsChallengePlace& place, std::string_view sni, const IpAddress& client) {
  if (sni.empty()) return refuse("a CA asks without naming a host");
  if (place.armed != nullptr) {
    if (const tls::ChallengeCertificate* armed = place.armed->tls(sni)) {
      TlsChallenge challenge;
      challenge.way = TlsChallenge::Way::answer;
      challenge.certificate = *armed;
      return challenge;
    }
  }
  if (place.routes.tls != nullptr) {
    const TcpRoutes& tcp = place.routes.tls->tcp;
    std::string_view asked[] = {tls::kChallengeProtocol};
    std::optional<route::SniTable::Match> match = tcp.table.match({sni, client, asked});
    if (match && (!match->catch_all || place.routes.challenges_pass)) {
      const TcpRoute& route = tcp.routes[match->payload];
      if (route.tls == TcpRoute::Tls::passthrough) return pass_to(route);
    }
  }
  if (place.rules != nullptr) {
    if (const TcpChallengeTarget* target = place.rules->tls.find(sni)) {
      TcpRoute route;
      route.router = target->router;
      route.handler = target->service;
      route.tls = TcpRoute::Tls::passthrough;
      return pass_to(std::move(route));
    }
  }
  return refuse("a CA asks for a name that has no challenge armed here and is not passed on");
}

Task<Status> prove(std::unique_ptr<net::Stream> stream, LentBytes& first, tls::ChallengeCertificate certificate,
                   std::string_view sni) {
  Deadline deadline = Loop::current().now() + kProofTime;
  tls::TlsStream::Server server{certificate.context, certificate.certificates.get(), sni};
  Result<std::unique_ptr<tls::TlsStream>> proved =
      co_await tls::TlsStream::accept(std::move(stream), first, server, deadline);
  if (!proved) co_return proved.error();
  log::debug("a CA saw the certificate of a challenge", {{"serverName", sni}});
  co_await see_off(**proved, deadline);
  co_return Status();
}

Task<void> refuse_challenge(net::Stream& stream) {
  Status sent = co_await net::write_all(stream, kRefusal, kProofTime);
  if (!sent) co_return;
  co_await see_off(stream, Loop::current().now() + kProofTime);
}

}  // namespace sluice::server
