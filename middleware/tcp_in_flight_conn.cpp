#include "middleware/tcp_in_flight_conn.h"

#include <algorithm>
#include <array>

#include "middleware/keyed_hash.h"
#include "observe/log.h"

namespace sluice::middleware {

control::MadeTcpMiddleware TcpInFlightConn::make(const config::TcpInFlightConn& settings, const std::string& name,
                                                 control::Registry& registry) {
  if (settings.amount <= 0) return {nullptr, "inFlightConn needs an amount above 0"};
  auto counts = registry.get<InFlightCounts>("inFlightConn " + name, [] { return std::make_shared<InFlightCounts>(); });
  std::uint64_t limit = std::min(static_cast<std::uint64_t>(settings.amount), InFlightCounts::kMostRequests);
  return {std::make_shared<TcpInFlightConn>(std::move(counts), limit), {}};
}

Task<void> TcpInFlightConn::run(net::Stream& client, LentBytes& first, const proxy::TcpPeer& peer,
                                const proxy::TcpHandler& next) const {
  const auto& bytes = peer.remote.ip.bytes();
  std::array<std::string_view, 2> source = {
      peer.router, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())};
  // The connection's handler keeps the middleware, and so the counts, alive.
  std::atomic<std::uint64_t>* place = counts_->enter(keyed_hash(source), limit_);
  if (place == nullptr) {
    if (log::enabled(log::Level::debug)) {
      log::debug("connection closed: its client has as many open as inFlightConn allows",
                 {{log::field::kRouter, peer.router}, {"client", peer.remote.ip.to_string()}});
    }
    co_return;
  }
  co_await next.run(client, first, peer);
  InFlightCounts::leave(*place);
}

const control::TcpMiddlewareKind TcpInFlightConn::kKind = {
    "inFlightConn", [](const config::TcpMiddleware& settings) { return settings.in_flight_conn.has_value(); },
    [](const config::TcpMiddleware& settings, const std::string& name, control::Registry& registry) {
      return make(*settings.in_flight_conn, name, registry);
    }};

}  // namespace sluice::middleware
