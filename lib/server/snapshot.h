// snapshot.h: the routes a worker runs on. Built on the control thread, immutable, shared by all workers; what did not
// change since the last one is the same object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/target.h"
#include "proxy/endpoint.h"
#include "proxy/handler.h"
#include "proxy/tcp_handler.h"
#include "proxy/udp_services.h"
#include "route/http_table.h"
#include "route/sni_table.h"
#include "server/challenge_rules.h"
#include "server/https_hosts.h"
#include "tls/certificate_index.h"
#include "tls/server_context.h"

namespace sluice::server {

// What a matched router does; in one cache line.
struct alignas(64) Route {
  std::string router;  // qualified name
  std::shared_ptr<const proxy::Handler> handler;
  bool deny_encoded_characters = false;  // `characters` refuses something
  http::EncodedCharacters characters;
  bool takes_challenges = false;  // acme.http01=forward: also of hosts whose certificates are obtained here
};

// HTTP routers and what they do; the table's payloads are indices of `routes`. Where only what routers do has changed,
// the table is that of the snapshot before.
struct HttpRoutes {
  explicit HttpRoutes(std::shared_ptr<const route::HttpTable> table_in) : shared(std::move(table_in)), table(*shared) {}

  std::shared_ptr<const route::HttpTable> shared;
  const route::HttpTable& table;
  std::vector<Route> routes;
  // The same routers without the entry point's own redirection, which does not take what is somebody's challenge. Null
  // on an entry point that does not redirect.
  std::shared_ptr<const route::HttpTable> not_redirected;
  bool challenges_pass = false;  // allowACMEByPass
};

// What a matched TCP router does.
struct TcpRoute {
  std::string router;  // qualified name
  std::shared_ptr<const proxy::TcpHandler> handler;
  enum class Tls : std::uint8_t { none, passthrough, terminate } tls = Tls::none;
  std::shared_ptr<const tls::ServerContext> context;  // to terminate with; null for broken options: close
};

struct TcpRoutes {
  explicit TcpRoutes(route::SniTable table_in) : table(std::move(table_in)) {}

  route::SniTable table;
  std::vector<TcpRoute> routes;
};

// What an entry point does with TLS connections.
struct TlsRoutes {
  HttpRoutes http;
  HttpsHosts hosts;
  TcpRoutes tcp;
};

// What an entry point does with datagrams.
struct UdpRoute {
  std::string router;  // qualified name
  std::shared_ptr<const proxy::UdpService> service;
};

// The routers of one entry point. Requests in plaintext are for the routers without TLS, others for those with it.
struct EntryPointRoutes : HttpRoutes {
  using HttpRoutes::HttpRoutes;
  explicit EntryPointRoutes(HttpRoutes plain) : HttpRoutes(std::move(plain)) {}

  std::shared_ptr<const TlsRoutes> tls;  // null: TLS is not spoken here
  std::shared_ptr<const TcpRoutes> tcp;  // without TLS; null: none
  std::shared_ptr<const UdpRoute> udp;   // of a UDP entry point, which has nothing else; null: none
};

struct Snapshot {
  std::uint64_t number = 0;
  std::vector<std::shared_ptr<const EntryPointRoutes>> entry_points;  // as the settings given to the workers
  std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints;      // everything the handlers connect to
  std::shared_ptr<const tls::CertificateIndex> certificates;          // null: TLS is not spoken at all
  std::vector<std::shared_ptr<const ChallengeRules>> challenges;      // as the entry points; empty: there are none

  // Null: no host is ours or handed to anybody.
  const ChallengeRules* challenge_rules(std::size_t entry_point) const {
    return entry_point < challenges.size() ? challenges[entry_point].get() : nullptr;
  }
};

}  // namespace sluice::server
