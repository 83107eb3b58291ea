#include "middleware/tcp_ip_allow_list.h"

#include <fmt/format.h>

#include "observe/log.h"

namespace sluice::middleware {
namespace {

Task<void> closed() { co_return; }

}  // namespace

control::MadeTcpMiddleware TcpIpAllowList::make(const config::TcpIpAllowList& settings) {
  if (settings.source_range.empty()) {
    return {nullptr, "ipAllowList needs a sourceRange, for example 10.0.0.0/8"};
  }
  for (const std::string& range : settings.source_range) {
    if (!CidrSet::parse({range})) return {nullptr, fmt::format("{} of sourceRange is no address or network", range)};
  }
  return {std::make_shared<TcpIpAllowList>(*CidrSet::parse(settings.source_range)), {}};
}

Task<void> TcpIpAllowList::run(net::Stream& client, LentBytes& first, const proxy::TcpPeer& peer,
                               const proxy::TcpHandler& next) const {
  if (allowed_.contains(peer.remote.ip)) return next.run(client, first, peer);
  if (log::enabled(log::Level::debug)) {
    log::debug("connection closed: the client's address is not in ipAllowList",
               {{log::field::kRouter, peer.router}, {"client", peer.remote.ip.to_string()}});
  }
  return closed();
}

const control::TcpMiddlewareKind TcpIpAllowList::kKind = {
    "ipAllowList", [](const config::TcpMiddleware& settings) { return settings.ip_allow_list.has_value(); },
    [](const config::TcpMiddleware& settings, const std::string&, control::Registry&) {
      return make(*settings.ip_allow_list);
    }};

const control::TcpMiddlewareKind TcpIpAllowList::kOldKind = {
    "ipWhiteList", [](const config::TcpMiddleware& settings) { return settings.ip_white_list.has_value(); },
    [](const config::TcpMiddleware& settings, const std::string&, control::Registry&) {
      return make(*settings.ip_white_list);
    }};

}  // namespace sluice::middleware
