// entry_point.h: `entryPoints.<name>` of the static configuration.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/described.h"
#include "config/dynamic_http.h"
#include "config/problem.h"

namespace sluice::config {

struct LifeCycle {
  Duration request_accept_grace_timeout{0};
  Duration grace_time_out = 10s;
  static void describe(Describer<LifeCycle>& describer);
  friend bool operator==(const LifeCycle&, const LifeCycle&) = default;
};

struct RespondingTimeouts {
  // Unset: a request may take as long as it makes progress within 60 s. Set: all of the request within this time.
  std::optional<Duration> read_timeout;
  Duration write_timeout{0};
  Duration idle_timeout = 180s;
  static void describe(Describer<RespondingTimeouts>& describer);
  friend bool operator==(const RespondingTimeouts&, const RespondingTimeouts&) = default;
};

struct EntryPointTransport {
  LifeCycle life_cycle;
  RespondingTimeouts responding_timeouts;
  std::int64_t keep_alive_max_requests = 0;
  Duration keep_alive_max_time{0};
  static void describe(Describer<EntryPointTransport>& describer);
  friend bool operator==(const EntryPointTransport&, const EntryPointTransport&) = default;
};

// Whose PROXY protocol header is believed.
struct AcceptProxyProtocol {
  bool insecure = false;
  std::vector<std::string> trusted_ips;
  static void describe(Describer<AcceptProxyProtocol>& describer);
  friend bool operator==(const AcceptProxyProtocol&, const AcceptProxyProtocol&) = default;
};

struct ForwardedHeaders {
  bool insecure = false;
  std::vector<std::string> trusted_ips;
  std::vector<std::string> connection;
  bool not_append_x_forwarded_for = false;
  bool add_x_forwarded_scheme_headers = false;
  static void describe(Describer<ForwardedHeaders>& describer);
  friend bool operator==(const ForwardedHeaders&, const ForwardedHeaders&) = default;
};

struct EntryPointRedirection {
  std::string to;  // the name of an entry point, or ":port"
  std::string scheme = "https";
  bool permanent = true;
  std::int64_t priority = std::numeric_limits<std::int64_t>::max() - 1;
  static void describe(Describer<EntryPointRedirection>& describer);
  friend bool operator==(const EntryPointRedirection&, const EntryPointRedirection&) = default;
};

struct Redirections {
  std::optional<EntryPointRedirection> entry_point;
  static void describe(Describer<Redirections>& describer);
  friend bool operator==(const Redirections&, const Redirections&) = default;
};

// The middleware of the same name denies everything by default (middleware_options.h).
struct EntryPointEncodedCharacters {
  bool allow_encoded_slash = true;
  bool allow_encoded_back_slash = true;
  bool allow_encoded_null_character = true;
  bool allow_encoded_semicolon = true;
  bool allow_encoded_percent = true;
  bool allow_encoded_question_mark = true;
  bool allow_encoded_hash = true;
  static void describe(Describer<EntryPointEncodedCharacters>& describer);
  friend bool operator==(const EntryPointEncodedCharacters&, const EntryPointEncodedCharacters&) = default;
};

struct EntryPointHttp {
  Redirections redirections;
  std::vector<std::string> middlewares;
  std::optional<RouterTls> tls;
  EntryPointEncodedCharacters encoded_characters;
  bool encode_query_semicolons = false;
  bool sanitize_path = true;
  std::int64_t max_header_bytes = 1048576;
  std::string underscore_headers_strategy = "keep";
  static void describe(Describer<EntryPointHttp>& describer);
  friend bool operator==(const EntryPointHttp&, const EntryPointHttp&) = default;
};

struct EntryPointHttp2 {
  std::int64_t max_concurrent_streams = 250;
  std::int64_t max_decoder_header_table_size = 4096;
  std::int64_t max_encoder_header_table_size = 4096;
  static void describe(Describer<EntryPointHttp2>& describer);
  friend bool operator==(const EntryPointHttp2&, const EntryPointHttp2&) = default;
};

struct EntryPointHttp3 {
  std::int64_t advertised_port = 0;  // 0: the port of the entry point
  static void describe(Describer<EntryPointHttp3>& describer);
  friend bool operator==(const EntryPointHttp3&, const EntryPointHttp3&) = default;
};

struct EntryPointUdp {
  Duration timeout = 3s;
  static void describe(Describer<EntryPointUdp>& describer);
  friend bool operator==(const EntryPointUdp&, const EntryPointUdp&) = default;
};

struct EntryPointObservability {
  bool access_logs = true;
  bool metrics = true;
  bool tracing = true;
  std::string trace_verbosity = "minimal";
  static void describe(Describer<EntryPointObservability>& describer);
  friend bool operator==(const EntryPointObservability&, const EntryPointObservability&) = default;
};

// Hosts that answer their challenges themselves, and the services that reach them. Sluice's own.
struct EntryPointDelegation {
  std::vector<std::string> hosts;
  std::string service;      // for HTTP challenges, as name@provider
  std::string tcp_service;  // for TLS challenges
  static void describe(Describer<EntryPointDelegation>& describer);
  friend bool operator==(const EntryPointDelegation&, const EntryPointDelegation&) = default;
};

struct EntryPointAcme {
  std::vector<EntryPointDelegation> delegate;
  static void describe(Describer<EntryPointAcme>& describer);
  friend bool operator==(const EntryPointAcme&, const EntryPointAcme&) = default;
};

struct EntryPoint {
  std::string address;  // [host]:port[/tcp|/udp]; see entry_point_address.h
  bool allow_acme_by_pass = false;
  EntryPointAcme acme;
  bool reuse_port = false;
  bool as_default = false;
  EntryPointTransport transport;
  std::optional<AcceptProxyProtocol> proxy_protocol;
  ForwardedHeaders forwarded_headers;
  EntryPointHttp http;
  EntryPointHttp2 http2;
  std::optional<EntryPointHttp3> http3;
  EntryPointUdp udp;
  EntryPointObservability observability;
  DefinedAt source;
  static void describe(Describer<EntryPoint>& describer);
  friend bool operator==(const EntryPoint&, const EntryPoint&) = default;
};

}  // namespace sluice::config
