// static_config.h: the static configuration: what is read once at start and needs a restart to change.
//
// Plain values with Traefik's defaults and names (camelCase there is snake_case here). load_static.h fills it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/described.h"
#include "config/entry_point.h"
#include "config/shared_options.h"
#include "config/static_observability.h"
#include "config/static_providers.h"
#include "config/static_resolvers.h"
#include "config/tree.h"

namespace sluice::config {

struct Global {
  bool check_new_version = true;      // accepted; Sluice calls nobody
  bool send_anonymous_usage = false;  // accepted; Sluice calls nobody
  bool not_append_x_forwarded_for = false;
  static void describe(Describer<Global>& describer);
  friend bool operator==(const Global&, const Global&) = default;
};

struct StaticForwardingTimeouts {
  Duration dial_timeout = 30s;
  Duration response_header_timeout{0};
  Duration idle_conn_timeout = 90s;
  static void describe(Describer<StaticForwardingTimeouts>& describer);
  friend bool operator==(const StaticForwardingTimeouts&, const StaticForwardingTimeouts&) = default;
};

// The transport named default@internal, of every HTTP service that names none.
struct DefaultServersTransport {
  bool insecure_skip_verify = false;
  std::vector<std::string> root_cas;
  std::int64_t max_idle_conns_per_host = 200;
  StaticForwardingTimeouts forwarding_timeouts;
  std::optional<Spiffe> spiffe;
  static void describe(Describer<DefaultServersTransport>& describer);
  friend bool operator==(const DefaultServersTransport&, const DefaultServersTransport&) = default;
};

struct StaticTransportTls {
  bool insecure_skip_verify = false;
  std::vector<std::string> root_cas;
  std::optional<Spiffe> spiffe;
  static void describe(Describer<StaticTransportTls>& describer);
  friend bool operator==(const StaticTransportTls&, const StaticTransportTls&) = default;
};

// The transport named default@internal, of every TCP service that names none.
struct DefaultTcpServersTransport {
  Duration dial_keep_alive = 15s;
  Duration dial_timeout = 30s;
  Duration termination_delay{0};
  std::optional<StaticTransportTls> tls;
  static void describe(Describer<DefaultTcpServersTransport>& describer);
  friend bool operator==(const DefaultTcpServersTransport&, const DefaultTcpServersTransport&) = default;
};

struct Api {
  std::string base_path = "/";
  bool insecure = false;
  bool dashboard = true;
  bool debug = false;
  bool disable_dashboard_ad = false;
  std::string dashboard_name;
  static void describe(Describer<Api>& describer);
  friend bool operator==(const Api&, const Api&) = default;
};

struct Ping {
  std::string entry_point = "traefik";
  bool manual_routing = false;
  std::int64_t terminating_status_code = 503;
  static void describe(Describer<Ping>& describer);
  friend bool operator==(const Ping&, const Ping&) = default;
};

struct HostResolver {
  bool cname_flattening = false;
  std::string resolv_config = "/etc/resolv.conf";
  std::int64_t resolv_depth = 5;
  static void describe(Describer<HostResolver>& describer);
  friend bool operator==(const HostResolver&, const HostResolver&) = default;
};

struct Ocsp {
  std::map<std::string, std::string> responder_overrides;
  static void describe(Describer<Ocsp>& describer);
  friend bool operator==(const Ocsp&, const Ocsp&) = default;
};

struct SpiffeClient {
  std::string workload_api_addr;
  static void describe(Describer<SpiffeClient>& describer);
  friend bool operator==(const SpiffeClient&, const SpiffeClient&) = default;
};

struct Core {
  std::string default_rule_syntax = "v3";
  static void describe(Describer<Core>& describer);
  friend bool operator==(const Core&, const Core&) = default;
};

struct PluginSettings {
  std::vector<std::string> envs;
  std::vector<std::string> mounts;
  bool use_unsafe = false;
  static void describe(Describer<PluginSettings>& describer);
  friend bool operator==(const PluginSettings&, const PluginSettings&) = default;
};

struct Plugin {
  std::string module_name;
  std::string version;
  std::string hash;
  PluginSettings settings;
  static void describe(Describer<Plugin>& describer);
  friend bool operator==(const Plugin&, const Plugin&) = default;
};

struct LocalPlugin {
  std::string module_name;
  PluginSettings settings;
  static void describe(Describer<LocalPlugin>& describer);
  friend bool operator==(const LocalPlugin&, const LocalPlugin&) = default;
};

struct FastProxy {
  bool debug = false;
  static void describe(Describer<FastProxy>& describer);
  friend bool operator==(const FastProxy&, const FastProxy&) = default;
};

struct Experimental {
  std::map<std::string, Plugin> plugins;
  std::map<std::string, LocalPlugin> local_plugins;
  bool abort_on_plugin_failure = false;
  std::optional<FastProxy> fast_proxy;
  bool otlp_logs = false;
  bool knative = false;
  bool kubernetes_ingress_nginx = false;
  bool kubernetes_gateway = false;
  static void describe(Describer<Experimental>& describer);
  friend bool operator==(const Experimental&, const Experimental&) = default;
};

struct Static {
  Global global;
  DefaultServersTransport servers_transport;
  DefaultTcpServersTransport tcp_servers_transport;
  std::map<std::string, EntryPoint> entry_points;
  Providers providers;
  std::optional<Api> api;
  std::optional<Ping> ping;
  Log log;
  std::optional<AccessLog> access_log;
  std::optional<Metrics> metrics;
  std::optional<Tracing> tracing;
  std::optional<HostResolver> host_resolver;
  std::map<std::string, CertificateResolver> certificates_resolvers;
  std::optional<Experimental> experimental;
  Core core;
  std::optional<SpiffeClient> spiffe;
  std::optional<Ocsp> ocsp;
  std::string control_socket;  // Sluice's own: path of the control socket; empty: the default one; "none": none
  std::int64_t workers = 0;    // Sluice's own: worker threads; 0: as many as the process may use CPUs
  static void describe(Describer<Static>& describer);
  friend bool operator==(const Static&, const Static&) = default;
};

// The entry points of routers that name none: those flagged asDefault, else every TCP one except "traefik"; sorted.
std::vector<std::string> default_entry_points(const Static& configuration);

}  // namespace sluice::config
