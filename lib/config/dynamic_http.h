// dynamic_http.h: the `http` section of the dynamic configuration: routers, services, middlewares, serversTransports.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/described.h"
#include "config/middleware_options.h"
#include "config/problem.h"
#include "config/shared_options.h"
#include "config/tree.h"

namespace sluice::config {

// Its presence alone makes a router answer TLS requests only.
struct RouterTls {
  std::string options;
  std::string cert_resolver;
  std::vector<Domain> domains;
  static void describe(Describer<RouterTls>& describer);
  friend bool operator==(const RouterTls&, const RouterTls&) = default;
};

// Unset fields take the value of the entry point.
struct RouterObservability {
  std::optional<bool> access_logs;
  std::optional<bool> metrics;
  std::optional<bool> tracing;
  std::string trace_verbosity;
  static void describe(Describer<RouterObservability>& describer);
  friend bool operator==(const RouterObservability&, const RouterObservability&) = default;
};

// Who answers the ACME challenges of hosts that obtain their own certificates. Sluice's own.
struct RouterAcme {
  std::string http01;                 // "forward": questions also about hosts whose certificates are obtained here
  std::vector<std::string> delegate;  // hosts whose challenges go straight to the service
  static void describe(Describer<RouterAcme>& describer);
  friend bool operator==(const RouterAcme&, const RouterAcme&) = default;
};

struct HttpRouter {
  std::vector<std::string> entry_points;  // empty: the default entry points
  std::vector<std::string> middlewares;
  std::string service;
  std::string rule;
  std::string rule_syntax;
  std::vector<std::string> parent_refs;
  std::int64_t priority = 0;  // 0: the length of the rule
  std::optional<RouterTls> tls;
  std::optional<RouterObservability> observability;
  std::optional<RouterAcme> acme;
  DefinedAt source;
  static void describe(Describer<HttpRouter>& describer);
  friend bool operator==(const HttpRouter&, const HttpRouter&) = default;
};

struct Server {
  std::string url;
  std::optional<std::int64_t> weight;  // unset: 1
  bool preserve_path = false;
  static void describe(Describer<Server>& describer);
  friend bool operator==(const Server&, const Server&) = default;
};

struct Cookie {
  std::string name;  // empty: derived from the name of the service
  bool secure = false;
  bool http_only = false;
  std::string same_site;
  std::int64_t max_age = 0;
  std::string path = "/";
  std::string domain;
  static void describe(Describer<Cookie>& describer);
  friend bool operator==(const Cookie&, const Cookie&) = default;
};

struct Sticky {
  Cookie cookie;  // `sticky: {}` alone switches it on
  static void describe(Describer<Sticky>& describer);
  friend bool operator==(const Sticky&, const Sticky&) = default;
};

struct HealthCheck {
  std::string scheme;
  std::string mode = "http";
  std::string path;
  std::string method;
  std::int64_t status = 0;  // 0: any 2xx or 3xx
  std::int64_t port = 0;    // 0: the port of the server
  Duration interval = 30s;
  std::optional<Duration> unhealthy_interval;  // unset: as interval
  Duration timeout = 5s;
  std::string hostname;
  bool follow_redirects = true;
  std::map<std::string, std::string> headers;
  static void describe(Describer<HealthCheck>& describer);
  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

struct PassiveHealthCheck {
  Duration failure_window = 10s;
  std::int64_t max_failed_attempts = 1;
  static void describe(Describer<PassiveHealthCheck>& describer);
  friend bool operator==(const PassiveHealthCheck&, const PassiveHealthCheck&) = default;
};

struct ResponseForwarding {
  Duration flush_interval = 100ms;  // negative: after every write
  static void describe(Describer<ResponseForwarding>& describer);
  friend bool operator==(const ResponseForwarding&, const ResponseForwarding&) = default;
};

struct LoadBalancer {
  std::vector<Server> servers;
  std::string strategy = "wrr";
  std::optional<Sticky> sticky;
  std::optional<HealthCheck> health_check;
  std::optional<PassiveHealthCheck> passive_health_check;
  bool pass_host_header = true;
  ResponseForwarding response_forwarding;
  std::string servers_transport;
  Duration slow_start{0};    // Sluice's own: how long a server's share grows after it came
  Duration parking_time{0};  // Sluice's own: how long a request waits while there is no server
  static void describe(Describer<LoadBalancer>& describer);
  friend bool operator==(const LoadBalancer&, const LoadBalancer&) = default;
};

// Takes the health of the children into account; has no options of its own.
struct ChildrenHealthCheck {
  static void describe(Describer<ChildrenHealthCheck>& describer);
  friend bool operator==(const ChildrenHealthCheck&, const ChildrenHealthCheck&) = default;
};

struct WeightedService {
  std::string name;
  std::optional<std::int64_t> weight;  // unset: 1
  static void describe(Describer<WeightedService>& describer);
  friend bool operator==(const WeightedService&, const WeightedService&) = default;
};

struct Weighted {
  std::vector<WeightedService> services;
  std::optional<Sticky> sticky;
  std::optional<ChildrenHealthCheck> health_check;
  static void describe(Describer<Weighted>& describer);
  friend bool operator==(const Weighted&, const Weighted&) = default;
};

struct HighestRandomWeight {
  std::vector<WeightedService> services;
  std::optional<ChildrenHealthCheck> health_check;
  static void describe(Describer<HighestRandomWeight>& describer);
  friend bool operator==(const HighestRandomWeight&, const HighestRandomWeight&) = default;
};

struct Mirror {
  std::string name;
  std::int64_t percent = 0;
  static void describe(Describer<Mirror>& describer);
  friend bool operator==(const Mirror&, const Mirror&) = default;
};

struct Mirroring {
  std::string service;
  std::vector<Mirror> mirrors;
  bool mirror_body = true;
  std::int64_t max_body_size = -1;
  std::optional<ChildrenHealthCheck> health_check;
  static void describe(Describer<Mirroring>& describer);
  friend bool operator==(const Mirroring&, const Mirroring&) = default;
};

struct FailoverErrors {
  std::vector<std::string> status;
  std::int64_t max_request_body_bytes = -1;
  static void describe(Describer<FailoverErrors>& describer);
  friend bool operator==(const FailoverErrors&, const FailoverErrors&) = default;
};

struct Failover {
  std::string service;
  std::string fallback;
  std::optional<ChildrenHealthCheck> health_check;
  std::optional<FailoverErrors> errors;
  static void describe(Describer<Failover>& describer);
  friend bool operator==(const Failover&, const Failover&) = default;
};

// Exactly one of the types is set in a valid service; control checks it.
struct HttpService {
  std::optional<LoadBalancer> load_balancer;
  std::optional<Weighted> weighted;
  std::optional<HighestRandomWeight> highest_random_weight;
  std::optional<Mirroring> mirroring;
  std::optional<Failover> failover;
  std::vector<std::string> middlewares;
  DefinedAt source;
  static void describe(Describer<HttpService>& describer);
  friend bool operator==(const HttpService&, const HttpService&) = default;
};

struct ForwardingTimeouts {
  Duration dial_timeout = 30s;
  Duration response_header_timeout{0};
  Duration idle_conn_timeout = 90s;
  Duration read_idle_timeout{0};
  Duration ping_timeout = 15s;
  static void describe(Describer<ForwardingTimeouts>& describer);
  friend bool operator==(const ForwardingTimeouts&, const ForwardingTimeouts&) = default;
};

struct ServersTransport {
  std::string server_name;
  bool insecure_skip_verify = false;
  std::vector<std::string> root_cas;
  std::vector<CertificateFiles> certificates;
  std::vector<std::string> cipher_suites;
  std::string min_version;
  std::string max_version;
  std::int64_t max_idle_conns_per_host = 0;
  ForwardingTimeouts forwarding_timeouts;
  bool disable_http2 = false;
  std::string peer_cert_uri;
  std::vector<PeerCertSan> peer_cert_sans;
  std::optional<Spiffe> spiffe;
  DefinedAt source;
  static void describe(Describer<ServersTransport>& describer);
  friend bool operator==(const ServersTransport&, const ServersTransport&) = default;
};

// Exactly one of the types is set in a valid middleware; control checks it.
struct Middleware {
  std::optional<AddPrefix> add_prefix;
  std::optional<StripPrefix> strip_prefix;
  std::optional<StripPrefixRegex> strip_prefix_regex;
  std::optional<ReplacePath> replace_path;
  std::optional<ReplacePathRegex> replace_path_regex;
  std::optional<Chain> chain;
  std::optional<IpWhiteList> ip_white_list;
  std::optional<IpAllowList> ip_allow_list;
  std::optional<Headers> headers;
  std::optional<EncodedCharacters> encoded_characters;
  std::optional<ErrorPages> errors;
  std::optional<RateLimit> rate_limit;
  std::optional<RedirectRegex> redirect_regex;
  std::optional<RedirectScheme> redirect_scheme;
  std::optional<BasicAuth> basic_auth;
  std::optional<DigestAuth> digest_auth;
  std::optional<ForwardAuth> forward_auth;
  std::optional<InFlightReq> in_flight_req;
  std::optional<Buffering> buffering;
  std::optional<CircuitBreaker> circuit_breaker;
  std::optional<Compress> compress;
  std::optional<PassTlsClientCert> pass_tls_client_cert;
  std::optional<Retry> retry;
  std::optional<ContentType> content_type;
  std::optional<GrpcWeb> grpc_web;
  std::map<std::string, Node> plugin;  // free form, by the name of the plugin
  DefinedAt source;
  static void describe(Describer<Middleware>& describer);
  friend bool operator==(const Middleware&, const Middleware&) = default;
};

struct Http {
  std::map<std::string, HttpRouter> routers;
  std::map<std::string, HttpService> services;
  std::map<std::string, Middleware> middlewares;
  std::map<std::string, ServersTransport> servers_transports;
  static void describe(Describer<Http>& describer);
  friend bool operator==(const Http&, const Http&) = default;
};

}  // namespace sluice::config
