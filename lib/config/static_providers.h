// static_providers.h: `providers` of the static configuration.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/described.h"
#include "config/problem.h"
#include "config/shared_options.h"
#include "config/tree.h"

namespace sluice::config {

inline constexpr const char* kDefaultRule = "Host(`{{ normalize .Name }}`)";

// Sluice's own: one more engine whose containers take part. Whatever it does not say is as for the first one.
struct DockerEngine {
  std::string endpoint;
  std::string username;
  std::string password;
  std::optional<ClientTls> tls;
  std::string network;
  std::optional<bool> use_bind_port_ip;
  static void describe(Describer<DockerEngine>& describer);
  friend bool operator==(const DockerEngine&, const DockerEngine&) = default;
};

struct DockerProvider {
  std::string endpoint = "unix:///var/run/docker.sock";
  std::string username;
  std::string password;
  std::optional<ClientTls> tls;
  Duration http_client_timeout{0};
  bool exposed_by_default = true;
  std::string constraints;
  std::string default_rule = kDefaultRule;
  std::string network;
  bool use_bind_port_ip = false;
  bool allow_empty_services = false;
  bool watch = true;
  // Sluice's own.
  Duration route_grace_time = 30s;  // routes of the last container stay so long, answered 503
  Duration resync_interval = 60s;   // 0: only when events were lost
  bool keep_paused = false;
  std::string inspect = "auto";
  std::map<std::string, DockerEngine> engines;
  static void describe(Describer<DockerProvider>& describer);
  friend bool operator==(const DockerProvider&, const DockerProvider&) = default;
};

struct SwarmProvider {
  std::string endpoint = "unix:///var/run/docker.sock";
  std::string username;
  std::string password;
  std::optional<ClientTls> tls;
  Duration http_client_timeout{0};
  bool exposed_by_default = true;
  std::string constraints;
  std::string default_rule = kDefaultRule;
  std::string network;
  bool use_bind_port_ip = false;
  bool allow_empty_services = false;
  bool watch = true;
  Duration refresh_seconds = 15s;
  static void describe(Describer<SwarmProvider>& describer);
  friend bool operator==(const SwarmProvider&, const SwarmProvider&) = default;
};

struct FileProvider {
  std::string filename;
  std::string directory;  // wins over filename
  bool watch = true;
  bool debug_log_generated_template = false;
  bool strict = false;          // Sluice's own: one name in two files is an error, not a warning
  Duration poll_interval = 2s;  // Sluice's own: between looks at files beside events
  static void describe(Describer<FileProvider>& describer);
  friend bool operator==(const FileProvider&, const FileProvider&) = default;
};

struct HttpProvider {
  std::string endpoint;
  Duration poll_interval = 5s;
  Duration poll_timeout = 5s;
  std::map<std::string, std::string> headers;
  std::optional<ClientTls> tls;
  std::int64_t max_response_body_size = -1;
  Duration wait{0};  // Sluice's own: how long the server may hold an answer back until there are news
  static void describe(Describer<HttpProvider>& describer);
  friend bool operator==(const HttpProvider&, const HttpProvider&) = default;
};

struct RestProvider {
  bool insecure = false;
  static void describe(Describer<RestProvider>& describer);
  friend bool operator==(const RestProvider&, const RestProvider&) = default;
};

struct ConsulProvider {
  std::string root_key = "traefik";
  std::vector<std::string> endpoints{"127.0.0.1:8500"};
  std::string token;
  std::vector<std::string> namespaces;
  std::optional<ClientTls> tls;
  static void describe(Describer<ConsulProvider>& describer);
  friend bool operator==(const ConsulProvider&, const ConsulProvider&) = default;
};

struct EtcdProvider {
  std::string root_key = "traefik";
  std::vector<std::string> endpoints{"127.0.0.1:2379"};
  std::string username;
  std::string password;
  std::optional<ClientTls> tls;
  static void describe(Describer<EtcdProvider>& describer);
  friend bool operator==(const EtcdProvider&, const EtcdProvider&) = default;
};

struct ZooKeeperProvider {
  std::string root_key = "traefik";
  std::vector<std::string> endpoints{"127.0.0.1:2181"};
  std::string username;
  std::string password;
  static void describe(Describer<ZooKeeperProvider>& describer);
  friend bool operator==(const ZooKeeperProvider&, const ZooKeeperProvider&) = default;
};

struct RedisSentinel {
  std::string master_name;
  std::string username;
  std::string password;
  bool latency_strategy = false;
  bool random_strategy = false;
  bool replica_strategy = false;
  bool use_disconnected_replicas = false;
  static void describe(Describer<RedisSentinel>& describer);
  friend bool operator==(const RedisSentinel&, const RedisSentinel&) = default;
};

struct RedisProvider {
  std::string root_key = "traefik";
  std::vector<std::string> endpoints{"127.0.0.1:6379"};
  std::string username;
  std::string password;
  std::int64_t db = 0;
  std::optional<ClientTls> tls;
  std::optional<RedisSentinel> sentinel;
  static void describe(Describer<RedisProvider>& describer);
  friend bool operator==(const RedisProvider&, const RedisProvider&) = default;
};

struct HttpBasicAuth {
  std::string username;
  std::string password;
  static void describe(Describer<HttpBasicAuth>& describer);
  friend bool operator==(const HttpBasicAuth&, const HttpBasicAuth&) = default;
};

struct ConsulCatalogEndpoint {
  std::string address;
  std::string scheme;
  std::string datacenter;
  std::string token;
  Duration endpoint_wait_time{0};
  std::optional<ClientTls> tls;
  std::optional<HttpBasicAuth> http_auth;
  static void describe(Describer<ConsulCatalogEndpoint>& describer);
  friend bool operator==(const ConsulCatalogEndpoint&, const ConsulCatalogEndpoint&) = default;
};

struct ConsulCatalogProvider {
  std::string constraints;
  ConsulCatalogEndpoint endpoint;
  std::string prefix = "traefik";
  Duration refresh_interval = 15s;
  bool require_consistent = false;
  bool stale = false;
  bool cache = false;
  bool exposed_by_default = true;
  std::string default_rule = kDefaultRule;
  bool connect_aware = false;
  bool connect_by_default = false;
  std::string service_name = "traefik";
  bool watch = false;
  std::vector<std::string> strict_checks{"passing", "warning"};
  std::vector<std::string> namespaces;
  static void describe(Describer<ConsulCatalogProvider>& describer);
  friend bool operator==(const ConsulCatalogProvider&, const ConsulCatalogProvider&) = default;
};

struct NomadEndpoint {
  std::string address = "http://127.0.0.1:4646";
  std::string region;
  std::string token;
  Duration endpoint_wait_time{0};
  std::optional<ClientTls> tls;
  static void describe(Describer<NomadEndpoint>& describer);
  friend bool operator==(const NomadEndpoint&, const NomadEndpoint&) = default;
};

struct NomadProvider {
  std::string constraints;
  NomadEndpoint endpoint;
  std::string prefix = "traefik";
  bool stale = false;
  bool exposed_by_default = true;
  Duration refresh_interval = 15s;
  std::string default_rule = kDefaultRule;
  std::vector<std::string> namespaces;
  bool watch = false;
  Duration throttle_duration{0};
  bool allow_empty_services = false;
  static void describe(Describer<NomadProvider>& describer);
  friend bool operator==(const NomadProvider&, const NomadProvider&) = default;
};

struct EcsProvider {
  std::string constraints;
  bool exposed_by_default = true;
  std::int64_t refresh_seconds = 15;
  std::string default_rule = kDefaultRule;
  std::vector<std::string> clusters{"default"};
  bool auto_discover_clusters = false;
  bool healthy_tasks_only = false;
  bool ecs_anywhere = false;
  std::string region;
  std::string access_key_id;
  std::string secret_access_key;
  static void describe(Describer<EcsProvider>& describer);
  friend bool operator==(const EcsProvider&, const EcsProvider&) = default;
};

struct Providers {
  Duration providers_throttle_duration = 100ms;
  std::vector<std::string> precedence;
  std::optional<DockerProvider> docker;
  std::optional<SwarmProvider> swarm;
  std::optional<FileProvider> file;
  std::optional<HttpProvider> http;
  std::optional<RestProvider> rest;
  std::optional<ConsulProvider> consul;
  std::optional<EtcdProvider> etcd;
  std::optional<ZooKeeperProvider> zoo_keeper;
  std::optional<RedisProvider> redis;
  std::optional<ConsulCatalogProvider> consul_catalog;
  std::optional<NomadProvider> nomad;
  std::optional<EcsProvider> ecs;
  // The Kubernetes family is outside what Sluice serves: known, so that the message says so, and kept as written.
  Node kubernetes_ingress;
  Node kubernetes_ingress_nginx;
  Node kubernetes_crd;
  Node kubernetes_gateway;
  Node knative;
  std::map<std::string, Node> plugin;
  static void describe(Describer<Providers>& describer);
  friend bool operator==(const Providers&, const Providers&) = default;
};

}  // namespace sluice::config
