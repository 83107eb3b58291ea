#include "config/schema.h"
#include "config/static_providers.h"

namespace sluice::config {

void DockerEngine::describe(Describer<DockerEngine>& d) {
  d.name("DockerEngine");
  d.option("endpoint", &DockerEngine::endpoint, "Address of the engine: unix://, tcp://, http://, https://, ssh://.");
  d.option("username", &DockerEngine::username, "User name for HTTP basic authentication.");
  d.option("password", &DockerEngine::password, "Password for HTTP basic authentication.").secret();
  d.option("tls", &DockerEngine::tls, "TLS towards the engine.");
  d.option("network", &DockerEngine::network, "Network whose address of a container is used; empty: as for the first.");
  d.option("useBindPortIP", &DockerEngine::use_bind_port_ip,
           "Use the published address and port of a container; unset: as for the first.");
}

void DockerProvider::describe(Describer<DockerProvider>& d) {
  d.name("DockerProvider");
  d.option("endpoint", &DockerProvider::endpoint,
           "Address of the Docker engine: unix://, tcp://, http://, https://, ssh://.");
  d.option("username", &DockerProvider::username, "User name for HTTP basic authentication.");
  d.option("password", &DockerProvider::password, "Password for HTTP basic authentication.").secret();
  d.option("tls", &DockerProvider::tls, "TLS towards the engine.");
  d.option("httpClientTimeout", &DockerProvider::http_client_timeout, "Time for an answer; 0: no limit.");
  d.option("exposedByDefault", &DockerProvider::exposed_by_default, "Publish containers without traefik.enable=true.");
  d.option("constraints", &DockerProvider::constraints, "Expression over labels that a container must meet.");
  d.option("defaultRule", &DockerProvider::default_rule, "Template of the rule of routers without one.");
  d.option("network", &DockerProvider::network, "Network whose address of a container is used.");
  d.option("useBindPortIP", &DockerProvider::use_bind_port_ip, "Use the published address and port of a container.");
  d.option("allowEmptyServices", &DockerProvider::allow_empty_services, "Keep routers of unhealthy containers: 503.");
  d.option("watch", &DockerProvider::watch, "Follow changes.");
  d.option("routeGraceTime", &DockerProvider::route_grace_time,
           "Time the routes of a container that ended are answered 503 instead of 404.")
      .own();
  d.option("resyncInterval", &DockerProvider::resync_interval, "Time between full looks beside events; 0: none.").own();
  d.option("keepPaused", &DockerProvider::keep_paused, "Go on sending requests to paused containers.").own();
  d.option("inspect", &DockerProvider::inspect, "Read containers one by one; never: the list has to do.")
      .one_of({"auto", "always", "never"})
      .own();
  d.option("engines", &DockerProvider::engines,
           "Further engines by name; their containers and the first one's are one.")
      .own();
}

void SwarmProvider::describe(Describer<SwarmProvider>& d) {
  d.name("SwarmProvider");
  d.option("endpoint", &SwarmProvider::endpoint,
           "Address of the Docker engine: unix://, tcp://, http://, https://, ssh://.");
  d.option("username", &SwarmProvider::username, "User name for HTTP basic authentication.");
  d.option("password", &SwarmProvider::password, "Password for HTTP basic authentication.").secret();
  d.option("tls", &SwarmProvider::tls, "TLS towards the engine.");
  d.option("httpClientTimeout", &SwarmProvider::http_client_timeout, "Time for an answer; 0: no limit.");
  d.option("exposedByDefault", &SwarmProvider::exposed_by_default, "Publish services without traefik.enable=true.");
  d.option("constraints", &SwarmProvider::constraints, "Expression over labels that a service must meet.");
  d.option("defaultRule", &SwarmProvider::default_rule, "Template of the rule of routers without one.");
  d.option("network", &SwarmProvider::network, "Network whose address of a task is used.");
  d.option("useBindPortIP", &SwarmProvider::use_bind_port_ip, "Use the published address and port of a task.");
  d.option("allowEmptyServices", &SwarmProvider::allow_empty_services, "Keep routers of services without tasks: 503.");
  d.option("watch", &SwarmProvider::watch, "Follow changes.");
  d.option("refreshSeconds", &SwarmProvider::refresh_seconds, "Time between two looks.");
}

void FileProvider::describe(Describer<FileProvider>& d) {
  d.name("FileProvider");
  d.option("filename", &FileProvider::filename, "One file of dynamic configuration.");
  d.option("directory", &FileProvider::directory, "All .toml, .yaml and .yml files below a directory.");
  d.option("watch", &FileProvider::watch, "Follow changes.");
  d.option("debugLogGeneratedTemplate", &FileProvider::debug_log_generated_template,
           "Log the text after templates were expanded.");
  d.option("strict", &FileProvider::strict, "One name defined in two files is an error instead of a warning.").own();
  d.option("pollInterval", &FileProvider::poll_interval,
           "Time between looks at the files beside events, which network file systems do not send.")
      .own();
}

void HttpProvider::describe(Describer<HttpProvider>& d) {
  d.name("HttpProvider");
  d.option("endpoint", &HttpProvider::endpoint, "URL of dynamic configuration as JSON or YAML.");
  d.option("pollInterval", &HttpProvider::poll_interval, "Time between two looks.");
  d.option("pollTimeout", &HttpProvider::poll_timeout, "Time for an answer.");
  d.option("headers", &HttpProvider::headers, "Headers of the request.").secret();
  d.option("tls", &HttpProvider::tls, "TLS towards the server.");
  d.option("maxResponseBodySize", &HttpProvider::max_response_body_size, "Largest answer in bytes; -1: 64 MiB.");
  d.option("wait", &HttpProvider::wait, "Let the server hold its answer back so long until there is news; 0: no.")
      .own();
}

void RestProvider::describe(Describer<RestProvider>& d) {
  d.name("RestProvider");
  d.option("insecure", &RestProvider::insecure, "Take configuration on entry point traefik, from anyone.");
}

void ConsulProvider::describe(Describer<ConsulProvider>& d) {
  d.name("ConsulProvider");
  d.option("rootKey", &ConsulProvider::root_key, "Key above the configuration.");
  d.option("endpoints", &ConsulProvider::endpoints, "Addresses of the servers.");
  d.option("token", &ConsulProvider::token, "Access token.").secret();
  d.option("namespaces", &ConsulProvider::namespaces, "Namespaces to read.");
  d.option("tls", &ConsulProvider::tls, "TLS towards the servers.");
}

void EtcdProvider::describe(Describer<EtcdProvider>& d) {
  d.name("EtcdProvider");
  d.option("rootKey", &EtcdProvider::root_key, "Key above the configuration.");
  d.option("endpoints", &EtcdProvider::endpoints, "Addresses of the servers.");
  d.option("username", &EtcdProvider::username, "User name.");
  d.option("password", &EtcdProvider::password, "Password.").secret();
  d.option("tls", &EtcdProvider::tls, "TLS towards the servers.");
}

void ZooKeeperProvider::describe(Describer<ZooKeeperProvider>& d) {
  d.name("ZooKeeperProvider");
  d.option("rootKey", &ZooKeeperProvider::root_key, "Key above the configuration.");
  d.option("endpoints", &ZooKeeperProvider::endpoints, "Addresses of the servers.");
  d.option("username", &ZooKeeperProvider::username, "User name.");
  d.option("password", &ZooKeeperProvider::password, "Password.").secret();
}

void RedisSentinel::describe(Describer<RedisSentinel>& d) {
  d.name("RedisSentinel");
  d.option("masterName", &RedisSentinel::master_name, "Name of the master.");
  d.option("username", &RedisSentinel::username, "User name for the sentinels.");
  d.option("password", &RedisSentinel::password, "Password for the sentinels.").secret();
  d.option("latencyStrategy", &RedisSentinel::latency_strategy, "Ask the server that answers fastest.");
  d.option("randomStrategy", &RedisSentinel::random_strategy, "Ask a random server.");
  d.option("replicaStrategy", &RedisSentinel::replica_strategy, "Ask replicas.");
  d.option("useDisconnectedReplicas", &RedisSentinel::use_disconnected_replicas,
           "Ask replicas that lost their master, if there are no others.");
}

void RedisProvider::describe(Describer<RedisProvider>& d) {
  d.name("RedisProvider");
  d.option("rootKey", &RedisProvider::root_key, "Key above the configuration.");
  d.option("endpoints", &RedisProvider::endpoints, "Addresses of the servers.");
  d.option("username", &RedisProvider::username, "User name.");
  d.option("password", &RedisProvider::password, "Password.").secret();
  d.option("db", &RedisProvider::db, "Number of the database.");
  d.option("tls", &RedisProvider::tls, "TLS towards the servers.");
  d.option("sentinel", &RedisProvider::sentinel, "Find the servers through Redis Sentinel.");
}

void HttpBasicAuth::describe(Describer<HttpBasicAuth>& d) {
  d.name("HttpBasicAuth");
  d.option("username", &HttpBasicAuth::username, "User name.");
  d.option("password", &HttpBasicAuth::password, "Password.").secret();
}

void ConsulCatalogEndpoint::describe(Describer<ConsulCatalogEndpoint>& d) {
  d.name("ConsulCatalogEndpoint");
  d.option("address", &ConsulCatalogEndpoint::address, "Address of the Consul server.");
  d.option("scheme", &ConsulCatalogEndpoint::scheme, "http or https.");
  d.option("datacenter", &ConsulCatalogEndpoint::datacenter, "Data centre to ask for.");
  d.option("token", &ConsulCatalogEndpoint::token, "Access token.").secret();
  d.option("endpointWaitTime", &ConsulCatalogEndpoint::endpoint_wait_time, "How long a watch waits.");
  d.option("tls", &ConsulCatalogEndpoint::tls, "TLS towards the server.");
  d.option("httpAuth", &ConsulCatalogEndpoint::http_auth, "HTTP basic authentication.");
}

void ConsulCatalogProvider::describe(Describer<ConsulCatalogProvider>& d) {
  d.name("ConsulCatalogProvider");
  d.option("constraints", &ConsulCatalogProvider::constraints, "Expression over tags that a service must meet.");
  d.option("endpoint", &ConsulCatalogProvider::endpoint, "How Consul is reached.");
  d.option("prefix", &ConsulCatalogProvider::prefix, "First word of the tags.");
  d.option("refreshInterval", &ConsulCatalogProvider::refresh_interval, "Time between two looks.");
  d.option("requireConsistent", &ConsulCatalogProvider::require_consistent, "Ask for consistent reads.");
  d.option("stale", &ConsulCatalogProvider::stale, "Allow stale reads.");
  d.option("cache", &ConsulCatalogProvider::cache, "Read from the agent's cache.");
  d.option("exposedByDefault", &ConsulCatalogProvider::exposed_by_default, "Publish services without enable=true.");
  d.option("defaultRule", &ConsulCatalogProvider::default_rule, "Template of the rule of routers without one.");
  d.option("connectAware", &ConsulCatalogProvider::connect_aware, "Take part in Consul Connect.");
  d.option("connectByDefault", &ConsulCatalogProvider::connect_by_default, "Reach every service by Connect.");
  d.option("serviceName", &ConsulCatalogProvider::service_name, "Our own name in the catalogue.");
  d.option("watch", &ConsulCatalogProvider::watch, "Follow changes.");
  d.option("strictChecks", &ConsulCatalogProvider::strict_checks, "Check states that count as healthy.");
  d.option("namespaces", &ConsulCatalogProvider::namespaces, "Namespaces to read.");
}

void NomadEndpoint::describe(Describer<NomadEndpoint>& d) {
  d.name("NomadEndpoint");
  d.option("address", &NomadEndpoint::address, "Address of the Nomad server.");
  d.option("region", &NomadEndpoint::region, "Region to ask for.");
  d.option("token", &NomadEndpoint::token, "Access token.").secret();
  d.option("endpointWaitTime", &NomadEndpoint::endpoint_wait_time, "How long a watch waits.");
  d.option("tls", &NomadEndpoint::tls, "TLS towards the server.");
}

void NomadProvider::describe(Describer<NomadProvider>& d) {
  d.name("NomadProvider");
  d.option("constraints", &NomadProvider::constraints, "Expression over tags that a service must meet.");
  d.option("endpoint", &NomadProvider::endpoint, "How Nomad is reached.");
  d.option("prefix", &NomadProvider::prefix, "First word of the tags.");
  d.option("stale", &NomadProvider::stale, "Allow stale reads.");
  d.option("exposedByDefault", &NomadProvider::exposed_by_default, "Publish services without enable=true.");
  d.option("refreshInterval", &NomadProvider::refresh_interval, "Time between two looks.");
  d.option("defaultRule", &NomadProvider::default_rule, "Template of the rule of routers without one.");
  d.option("namespaces", &NomadProvider::namespaces, "Namespaces to read.");
  d.option("watch", &NomadProvider::watch, "Follow changes.");
  d.option("throttleDuration", &NomadProvider::throttle_duration, "Shortest time between two changes.");
  d.option("allowEmptyServices", &NomadProvider::allow_empty_services,
           "Keep routers of services without servers: 503.");
}

void EcsProvider::describe(Describer<EcsProvider>& d) {
  d.name("EcsProvider");
  d.option("constraints", &EcsProvider::constraints, "Expression over labels that a container must meet.");
  d.option("exposedByDefault", &EcsProvider::exposed_by_default, "Publish containers without enable=true.");
  d.option("refreshSeconds", &EcsProvider::refresh_seconds, "Seconds between two looks.");
  d.option("defaultRule", &EcsProvider::default_rule, "Template of the rule of routers without one.");
  d.option("clusters", &EcsProvider::clusters, "Names of the clusters.");
  d.option("autoDiscoverClusters", &EcsProvider::auto_discover_clusters, "Find the clusters.");
  d.option("healthyTasksOnly", &EcsProvider::healthy_tasks_only, "Leave out tasks that are not healthy.");
  d.option("ecsAnywhere", &EcsProvider::ecs_anywhere, "Use ECS Anywhere.");
  d.option("region", &EcsProvider::region, "Region to ask for.");
  d.option("accessKeyID", &EcsProvider::access_key_id, "ID of the access key.").secret();
  d.option("secretAccessKey", &EcsProvider::secret_access_key, "The access key.").secret();
}

void Providers::describe(Describer<Providers>& d) {
  d.name("Providers");
  d.option("providersThrottleDuration", &Providers::providers_throttle_duration,
           "Shortest time between two changes of one provider; the first is applied at once.");
  d.option("precedence", &Providers::precedence, "Which provider wins between routers of equal priority.");
  d.option("docker", &Providers::docker, "Containers of a Docker engine.").allow_empty();
  d.option("swarm", &Providers::swarm, "Services of a Docker swarm.").allow_empty();
  d.option("file", &Providers::file, "Files.");
  d.option("http", &Providers::http, "A URL that is polled.").allow_empty();
  d.option("rest", &Providers::rest, "Configuration put over HTTP.").allow_empty();
  d.option("consul", &Providers::consul, "Consul's key-value store.").allow_empty();
  d.option("etcd", &Providers::etcd, "etcd.").allow_empty();
  d.option("zooKeeper", &Providers::zoo_keeper, "ZooKeeper.").allow_empty();
  d.option("redis", &Providers::redis, "Redis.").allow_empty();
  d.option("consulCatalog", &Providers::consul_catalog, "Services of Consul's catalogue.").allow_empty();
  d.option("nomad", &Providers::nomad, "Services of Nomad.").allow_empty();
  d.option("ecs", &Providers::ecs, "Containers of Amazon ECS.").allow_empty();
  d.option("kubernetesIngress", &Providers::kubernetes_ingress, "Kubernetes Ingress.");
  d.option("kubernetesIngressNGINX", &Providers::kubernetes_ingress_nginx, "Kubernetes Ingress as ingress-nginx.");
  d.option("kubernetesCRD", &Providers::kubernetes_crd, "Kubernetes custom resources.");
  d.option("kubernetesGateway", &Providers::kubernetes_gateway, "Kubernetes Gateway API.");
  d.option("knative", &Providers::knative, "Knative.");
  d.option("plugin", &Providers::plugin, "Provider plugins, by name.");
}

}  // namespace sluice::config
