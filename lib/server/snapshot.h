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
};

// HTTP routers and what they do; the table's payloads are indices of `routes`.
struct HttpRoutes {
  explicit HttpRoutes(route::HttpTable table_in) : table(std::move(table_in)) {}

  route::HttpTable table;
  std::vector<Route> routes;
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

  std::shared_ptr<const TlsRoutes> tls;  // null: TLS is not spoken here
  std::shared_ptr<const TcpRoutes> tcp;  // without TLS; null: none
  std::shared_ptr<const UdpRoute> udp;   // of a UDP entry point, which has nothing else; null: none
};

struct Snapshot {
  std::uint64_t number = 0;
  std::vector<std::shared_ptr<const EntryPointRoutes>> entry_points;  // as the settings given to the workers
  std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints;      // everything the handlers connect to
  std::shared_ptr<const tls::CertificateIndex> certificates;          // null: TLS is not spoken at all
};

}  // namespace sluice::server
