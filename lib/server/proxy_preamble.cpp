#include "server/proxy_preamble.h"

#include <algorithm>

#include "net/proxy_protocol.h"
#include "observe/log.h"
#include "observe/rate_limited.h"

namespace sluice::server {
namespace {

// A trusted peer that sends no proper header is a proxy set up wrong: somebody wants to know. Anybody can send rubbish.
void log_refusal(std::string_view why, const http::Peer& peer, bool trusted) {
  if (!trusted && !log::enabled(log::Level::debug)) return;
  static log::RateLimited limiter;
  std::optional<log::RateLimited::Pass> pass = limiter.admit(why, Time::now());
  if (!pass) return;
  std::string client = peer.remote.to_string();
  if (trusted) {
    log::warn("connection closed: its PROXY protocol header cannot be used",
              {{log::field::kEntryPoint, peer.entry_point},
               {"client", client},
               {log::field::kError, why},
               {log::field::kSuppressed, pass->suppressed}});
  } else {
    log::debug("connection closed: its PROXY protocol header cannot be used",
               {{log::field::kEntryPoint, peer.entry_point}, {"client", client}, {log::field::kError, why}});
  }
}

}  // namespace

bool believes_proxy_header(const EntryPointSettings& settings, const http::Peer& peer) {
  const EntryPointSettings::ProxyProtocol& whom = *settings.proxy_protocol;
  return whom.trust_everyone || whom.trusted.contains(peer.remote.ip);
}

Task<bool> take_proxy_header(net::Stream& stream, LentBytes& received, http::Peer& peer,
                             const EntryPointSettings& settings) {
  using State = net::ProxyHeader::State;
  bool trusted = believes_proxy_header(settings, peer);
  Duration longest = kProxyHeaderTime;
  if (settings.read_timeout && *settings.read_timeout > 0s) longest = std::min(longest, *settings.read_timeout);
  Deadline deadline = Loop::current().now() + longest;
  for (;;) {
    net::ProxyHeader header = net::read_proxy_header(received.bytes());
    if (header.state == State::absent) co_return true;
    if (header.state == State::malformed) {
      log_refusal(header.why, peer, trusted);
      co_return false;
    }
    if (header.state == State::done) {
      received.drop_front(header.size);
      if (trusted && header.addresses) {
        peer.remote = header.addresses->source;
        peer.local = header.addresses->destination;
      }
      co_return true;
    }
    received.keep();
    Result<net::Bytes> bytes = co_await stream.read(deadline);
    if (!bytes && bytes.error().code == Code::timed_out && received.empty()) co_return true;
    if (!bytes || bytes->empty()) {
      if (!received.empty()) {
        log_refusal(bytes ? "the connection ended inside the header" : "the header did not come to its end in time",
                    peer, trusted);
      }
      co_return false;
    }
    received.append(*bytes);
  }
}

}  // namespace sluice::server
