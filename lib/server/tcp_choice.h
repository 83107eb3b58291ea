// tcp_choice.h: which connections of an entry point are a TCP router's; all others are HTTP. Asked by the data plane
// and by `explain`. Any thread.
#pragma once

#include "server/snapshot.h"

namespace sluice::server {

// Of a TLS connection. A host that an HTTPS router names is its own, and HTTPS routers for any host come before TCP
// routers for any name.
inline const TcpRoute* tcp_route_of(const TlsRoutes& here, const route::Hello& hello) {
  if (here.hosts.find(hello.sni).specific) return nullptr;
  std::optional<route::SniTable::Match> match = here.tcp.table.match(hello);
  if (!match || (match->catch_all && here.hosts.catch_all())) return nullptr;
  return &here.tcp.routes[match->payload];
}

// Of a table alone: connections without TLS, and those whose TLS no HTTP can follow.
inline const TcpRoute* tcp_route_of(const TcpRoutes& here, const route::Hello& hello) {
  std::optional<route::SniTable::Match> match = here.table.match(hello);
  return match ? &here.routes[match->payload] : nullptr;
}

// True when the client's address decides at once, before a byte has come: protocols whose server speaks first would
// wait for ever.
inline bool decides_by_address(const EntryPointRoutes& here) {
  bool may_be_tls = here.tls != nullptr && (here.tls->http.table.size() > 0 || here.tls->tcp.table.size() > 0);
  return here.tcp != nullptr && !may_be_tls;
}

}  // namespace sluice::server
