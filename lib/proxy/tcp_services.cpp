#include "proxy/tcp_services.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/dialer.h"
#include "net/proxy_protocol.h"
#include "net/relay.h"
#include "observe/log.h"
#include "observe/rate_limited.h"
#include "proxy/postgres.h"
#include "proxy/worker_local.h"
#include "tls/tls_stream.h"

namespace sluice::proxy {
namespace {

Task<void> close_at_once() { co_return; }

// A server is asked whether it is still there once a connection to it has lasted for the time between two such
// questions: most are over before, and never pay for it.
class KeepAliveLater final : private Timer {
 public:
  // Zero: the usual interval. Negative: never.
  KeepAliveLater(net::SocketStream& socket, Duration interval)
      : socket_(socket), interval_(interval == 0s ? TcpTransport::kKeepAlive : interval) {
    if (interval_ > 0s) Timer::set(interval_);
  }
  ~KeepAliveLater() = default;

 private:
  void on_timer() override { socket_.keep_alive(interval_); }

  net::SocketStream& socket_;
  Duration interval_;
};

}  // namespace

// What a server hears before anything of the client.
Task<Status> TcpLoadBalancer::introduce(net::SocketStream& upstream, const TcpPeer& peer, Deadline deadline) const {
  if (transport_.proxy_protocol > 0) {
    net::ProxyAddresses addresses{peer.remote, peer.local};
    if (peer.local.ip == IpAddress() && peer.socket != nullptr) addresses.destination = peer.socket->local();
    std::string header = net::write_proxy_header(transport_.proxy_protocol, addresses);
    Duration left = deadline.is_never() ? Duration::max() : deadline - Loop::current().now();
    Status sent = co_await net::write_all(upstream, header, left);
    if (!sent) co_return sent;
  }
  if (!peer.postgres) co_return Status();
  Status asked = co_await ask_for_tls(upstream, deadline);
  co_return asked;
}

Task<Result<TcpLoadBalancer::Connection>> TcpLoadBalancer::connect(const Server& server, bool has_first,
                                                                   const TcpPeer& peer) const {
  Deadline deadline = Loop::current().now() + transport_.dial_timeout;
  net::Resolver& resolver = WorkerLocal::current().resolver();
  Result<net::Resolver::Addresses> addresses = co_await resolver.resolve(server.host, deadline);
  if (!addresses) co_return addresses.error();
  bool introduces = transport_.proxy_protocol > 0 || peer.postgres;
  auto first = has_first || introduces || server.tls ? net::First::us : net::First::server;
  Error last;
  for (const IpAddress& ip : *addresses) {
    SocketAddress address{ip, server.port};
    Result<std::unique_ptr<net::SocketStream>> stream = co_await net::dial(address, first, deadline);
    if (!stream) {
      last = stream.error();
      if (last.code == Code::cancelled || last.code == Code::exhausted) break;
      continue;
    }
    net::SocketStream* socket = stream->get();
    if (introduces) {
      Status introduced = co_await introduce(**stream, peer, deadline);
      if (!introduced) co_return introduced.error();
    }
    if (!server.tls) co_return Connection{std::move(*stream), socket};
    tls::TlsStream::Client client{transport_.tls, server.host, false, address};
    Result<std::unique_ptr<tls::TlsStream>> secured =
        co_await tls::TlsStream::connect(std::move(*stream), client, deadline);
    if (!secured) co_return secured.error();
    co_return Connection{std::move(*secured), socket};
  }
  co_return last;
}

Task<void> TcpLoadBalancer::run(net::Stream& client, LentBytes& first, const TcpPeer& peer) const {
  std::vector<bool> tried(servers_.size(), false);
  for (std::size_t attempt = 0; attempt < servers_.size(); ++attempt) {
    Time now = Loop::current().now();
    int chosen = positions_->next(WorkerLocal::current().index(), [&](int i) {
      auto at = static_cast<std::size_t>(i);
      return !tried[at] && (servers_[at].health == nullptr || servers_[at].health->up(now));
    });
    if (chosen < 0) break;
    auto index = static_cast<std::size_t>(chosen);
    tried[index] = true;
    const Server& server = servers_[index];
    first.keep();
    Result<Connection> upstream = co_await connect(server, !first.empty(), peer);
    if (!upstream) {
      if (upstream.error().code == Code::cancelled) co_return;
      log_failure(peer, &server, upstream.error());
      continue;
    }
    KeepAliveLater keep_alive(*upstream->socket, transport_.keep_alive);
    if (!first.empty()) {
      Status sent = co_await net::write_all(*upstream->stream, first.bytes(), net::kNoStall);
      if (!sent) co_return;
      first.clear();
    }
    net::AfterEnd after;
    after.still_moving = !transport_.termination_delay.has_value();
    after.delay = transport_.termination_delay.value_or(TcpTransport::kQuiet);
    if (after.delay < 0s) after.delay = net::kNoStall;
    [[maybe_unused]] net::Joined joined = co_await net::join_streams(client, *upstream->stream, net::kNoStall, after);
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

bool TcpLoadBalancer::available() const {
  return std::any_of(servers_.begin(), servers_.end(), [](const Server& server) {
    return server.health == nullptr || server.health->up(Loop::current().now());
  });
}

bool TcpWeighted::available() const {
  return std::any_of(services_.begin(), services_.end(), [](const auto& service) { return service->available(); });
}

Task<void> TcpWeighted::run(net::Stream& client, LentBytes& first, const TcpPeer& peer) const {
  int chosen = positions_->next(WorkerLocal::current().index(), [this](int i) {
    return !health_check_ || services_[static_cast<std::size_t>(i)]->available();
  });
  if (chosen < 0) return close_at_once();
  return services_[static_cast<std::size_t>(chosen)]->run(client, first, peer);
}

}  // namespace sluice::proxy
