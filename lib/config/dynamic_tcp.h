// dynamic_tcp.h: the `tcp` and `udp` sections of the dynamic configuration.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/described.h"
#include "config/dynamic_http.h"
#include "config/middleware_options.h"
#include "config/problem.h"
#include "config/shared_options.h"

namespace sluice::config {

struct TcpRouterTls {
  bool passthrough = false;
  std::string options;
  std::string cert_resolver;
  std::vector<Domain> domains;
  static void describe(Describer<TcpRouterTls>& describer);
  friend bool operator==(const TcpRouterTls&, const TcpRouterTls&) = default;
};

// As RouterAcme, for TLS challenges.
struct TcpRouterAcme {
  std::vector<std::string> delegate;
  static void describe(Describer<TcpRouterAcme>& describer);
  friend bool operator==(const TcpRouterAcme&, const TcpRouterAcme&) = default;
};

struct TcpRouter {
  std::vector<std::string> entry_points;
  std::vector<std::string> middlewares;
  std::string service;
  std::string rule;
  std::string rule_syntax;
  std::int64_t priority = 0;
  std::optional<TcpRouterTls> tls;
  std::optional<TcpRouterAcme> acme;
  DefinedAt source;
  static void describe(Describer<TcpRouter>& describer);
  friend bool operator==(const TcpRouter&, const TcpRouter&) = default;
};

struct TcpServer {
  std::string address;  // host:port
  bool tls = false;
  static void describe(Describer<TcpServer>& describer);
  friend bool operator==(const TcpServer&, const TcpServer&) = default;
};

struct TcpHealthCheck {
  std::int64_t port = 0;
  std::string send;
  std::string expect;
  Duration interval = 30s;
  std::optional<Duration> unhealthy_interval;  // unset: as interval
  Duration timeout = 5s;
  static void describe(Describer<TcpHealthCheck>& describer);
  friend bool operator==(const TcpHealthCheck&, const TcpHealthCheck&) = default;
};

// The PROXY protocol version spoken to servers.
struct SendProxyProtocol {
  std::int64_t version = 2;
  static void describe(Describer<SendProxyProtocol>& describer);
  friend bool operator==(const SendProxyProtocol&, const SendProxyProtocol&) = default;
};

struct TcpLoadBalancer {
  std::vector<TcpServer> servers;
  std::string servers_transport;
  std::optional<SendProxyProtocol> proxy_protocol;  // deprecated: an option of the serversTransport
  std::optional<std::int64_t> termination_delay;    // deprecated: an option of the serversTransport
  std::optional<TcpHealthCheck> health_check;
  static void describe(Describer<TcpLoadBalancer>& describer);
  friend bool operator==(const TcpLoadBalancer&, const TcpLoadBalancer&) = default;
};

struct TcpWeighted {
  std::vector<WeightedService> services;
  std::optional<ChildrenHealthCheck> health_check;
  static void describe(Describer<TcpWeighted>& describer);
  friend bool operator==(const TcpWeighted&, const TcpWeighted&) = default;
};

struct TcpService {
  std::optional<TcpLoadBalancer> load_balancer;
  std::optional<TcpWeighted> weighted;
  DefinedAt source;
  static void describe(Describer<TcpService>& describer);
  friend bool operator==(const TcpService&, const TcpService&) = default;
};

struct TcpMiddleware {
  std::optional<TcpInFlightConn> in_flight_conn;
  std::optional<TcpIpAllowList> ip_white_list;  // deprecated spelling of ipAllowList
  std::optional<TcpIpAllowList> ip_allow_list;
  DefinedAt source;
  static void describe(Describer<TcpMiddleware>& describer);
  friend bool operator==(const TcpMiddleware&, const TcpMiddleware&) = default;
};

struct TcpTransportTls {
  std::string server_name;
  bool insecure_skip_verify = false;
  std::vector<std::string> root_cas;
  std::vector<CertificateFiles> certificates;
  std::string peer_cert_uri;
  std::vector<PeerCertSan> peer_cert_sans;
  std::optional<Spiffe> spiffe;
  static void describe(Describer<TcpTransportTls>& describer);
  friend bool operator==(const TcpTransportTls&, const TcpTransportTls&) = default;
};

struct TcpServersTransport {
  Duration dial_timeout = 30s;
  Duration dial_keep_alive = 15s;      // negative: no keep-alive
  Duration termination_delay = 100ms;  // negative: for ever
  std::optional<SendProxyProtocol> proxy_protocol;
  std::optional<TcpTransportTls> tls;
  DefinedAt source;
  static void describe(Describer<TcpServersTransport>& describer);
  friend bool operator==(const TcpServersTransport&, const TcpServersTransport&) = default;
};

struct Tcp {
  std::map<std::string, TcpRouter> routers;
  std::map<std::string, TcpService> services;
  std::map<std::string, TcpMiddleware> middlewares;
  std::map<std::string, TcpServersTransport> servers_transports;
  static void describe(Describer<Tcp>& describer);
  friend bool operator==(const Tcp&, const Tcp&) = default;
};

struct UdpRouter {
  std::vector<std::string> entry_points;
  std::string service;
  DefinedAt source;
  static void describe(Describer<UdpRouter>& describer);
  friend bool operator==(const UdpRouter&, const UdpRouter&) = default;
};

struct UdpServer {
  std::string address;  // host:port
  static void describe(Describer<UdpServer>& describer);
  friend bool operator==(const UdpServer&, const UdpServer&) = default;
};

struct UdpLoadBalancer {
  std::vector<UdpServer> servers;
  static void describe(Describer<UdpLoadBalancer>& describer);
  friend bool operator==(const UdpLoadBalancer&, const UdpLoadBalancer&) = default;
};

struct UdpWeighted {
  std::vector<WeightedService> services;
  static void describe(Describer<UdpWeighted>& describer);
  friend bool operator==(const UdpWeighted&, const UdpWeighted&) = default;
};

struct UdpService {
  std::optional<UdpLoadBalancer> load_balancer;
  std::optional<UdpWeighted> weighted;
  DefinedAt source;
  static void describe(Describer<UdpService>& describer);
  friend bool operator==(const UdpService&, const UdpService&) = default;
};

struct Udp {
  std::map<std::string, UdpRouter> routers;
  std::map<std::string, UdpService> services;
  static void describe(Describer<Udp>& describer);
  friend bool operator==(const Udp&, const Udp&) = default;
};

}  // namespace sluice::config
