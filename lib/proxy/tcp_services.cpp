#include "proxy/tcp_services.h"

#include <fmt/format.h>

#include "net/dialer.h"
#include "net/relay.h"
#include "observe/log.h"
#include "observe/rate_limited.h"
#include "proxy/worker_local.h"
#include "tls/tls_stream.h"

namespace sluice::proxy {
namespace {

Task<void> close_at_once() { co_return; }

}  // namespace

Task<Result<std::unique_ptr<net::Stream>>> TcpLoadBalancer::connect(const Server& server) const {
  Deadline deadline = Loop::current().now() + transport_.dial_timeout;
  net::Resolver& resolver = WorkerLocal::current().resolver();
  Result<net::Resolver::Addresses> addresses = co_await resolver.resolve(server.host, deadline);
  if (!addresses) co_return addresses.error();
  Error last;
  for (const IpAddress& ip : *addresses) {
    SocketAddress address{ip, server.port};
    Result<std::unique_ptr<net::SocketStream>> stream = co_await net::dial(address, deadline);
    if (!stream) {
      last = stream.error();
      if (last.code == Code::cancelled || last.code == Code::exhausted) break;
      continue;
    }
    if (!server.tls) co_return std::unique_ptr<net::Stream>(std::move(*stream));
    tls::TlsStream::Client client{transport_.tls, server.host};
    Result<std::unique_ptr<tls::TlsStream>> secured =
        co_await tls::TlsStream::connect(std::move(*stream), client, deadline);
    if (!secured) co_return secured.error();
    co_return std::unique_ptr<net::Stream>(std::move(*secured));
  }
  co_return last;
}

Task<void> TcpLoadBalancer::run(net::Stream& client, LentBytes& first, const TcpPeer& peer) const {
  std::vector<bool> tried(servers_.size(), false);
  for (std::size_t attempt = 0; attempt < servers_.size(); ++attempt) {
    int chosen = positions_->next(WorkerLocal::current().index(),
                                  [&tried](int i) { return !tried[static_cast<std::size_t>(i)]; });
    if (chosen < 0) break;
    auto index = static_cast<std::size_t>(chosen);
    tried[index] = true;
    const Server& server = servers_[index];
    first.keep();
    Result<std::unique_ptr<net::Stream>> upstream = co_await connect(server);
    if (!upstream) {
      if (upstream.error().code == Code::cancelled) co_return;
      log_failure(peer, &server, upstream.error());
      continue;
    }
    if (!first.empty()) {
      Status sent = co_await net::write_all(**upstream, first.bytes(), net::kNoStall);
      if (!sent) co_return;
      first.clear();
    }
    net::AfterEnd after;
    after.still_moving = !transport_.termination_delay.has_value();
    after.delay = transport_.termination_delay.value_or(TcpTransport::kQuiet);
    if (after.delay < 0s) after.delay = net::kNoStall;
    [[maybe_unused]] net::Joined joined = co_await net::join_streams(client, **upstream, net::kNoStall, after);
    co_return;
  }
  log_failure(peer, nullptr, Error::of(Code::unavailable, "no server can be reached", Origin::upstream));
}

void TcpLoadBalancer::log_failure(const TcpPeer& peer, const Server* server, const Error& error) const {
  static log::RateLimited limiter;
  std::string_view address = server == nullptr ? std::string_view() : server->address;
  std::optional<log::RateLimited::Pass> pass =
      limiter.admit(fmt::format("{} {} {}", peer.router, address, error.text), Time::now());
  if (!pass) return;
  log::error(server == nullptr ? "a TCP connection was closed" : "a TCP server cannot be reached",
             {{log::field::kEntryPoint, peer.entry_point},
              {log::field::kRouter, peer.router},
              {log::field::kService, name_},
              {log::field::kServer, address},
              {log::field::kError, error},
              {log::field::kSuppressed, pass->suppressed}});
}

Task<void> TcpWeighted::run(net::Stream& client, LentBytes& first, const TcpPeer& peer) const {
  int chosen = positions_->next(WorkerLocal::current().index(), [](int) { return true; });
  if (chosen < 0) return close_at_once();
  return services_[static_cast<std::size_t>(chosen)]->run(client, first, peer);
}

}  // namespace sluice::proxy
