#include "config/dynamic_http.h"
#include "config/schema.h"

namespace sluice::config {

void RouterTls::describe(Describer<RouterTls>& d) {
  d.name("RouterTls");
  d.option("options", &RouterTls::options, "Name of the TLS options.");
  d.option("certResolver", &RouterTls::cert_resolver, "Name of the resolver that obtains the certificate.");
  d.option("domains", &RouterTls::domains, "Certificates to obtain; none: the hosts of the rule.");
}

void RouterObservability::describe(Describer<RouterObservability>& d) {
  d.name("RouterObservability");
  d.option("accessLogs", &RouterObservability::access_logs, "Write requests to the access log.");
  d.option("metrics", &RouterObservability::metrics, "Count requests.");
  d.option("tracing", &RouterObservability::tracing, "Trace requests.");
  d.option("traceVerbosity", &RouterObservability::trace_verbosity, "How many spans a request has.")
      .one_of({"minimal", "detailed"})
      .or_default();
}

void RouterAcme::describe(Describer<RouterAcme>& d) {
  d.name("RouterAcme");
  d.option(
       "http01", &RouterAcme::http01,
       "Take HTTP challenges nobody ordered here, also for hosts whose certificates are obtained here. Sluice's own.")
      .one_of({"forward"})
      .or_default();
  d.option("delegate", &RouterAcme::delegate,
           "Hosts, or wildcards, whose challenges go straight to the service, on every entry point. Sluice's own.");
}

void HttpRouter::describe(Describer<HttpRouter>& d) {
  d.name("HttpRouter");
  d.option("entryPoints", &HttpRouter::entry_points, "Entry points it listens on; none: the default ones.");
  d.option("middlewares", &HttpRouter::middlewares, "Middlewares, the outermost first.");
  d.option("service", &HttpRouter::service, "The service that answers.");
  d.option("rule", &HttpRouter::rule, "Which requests it takes, such as Host(`example.com`).");
  d.option(
       "parentRefs", &HttpRouter::parent_refs,
       "Routers whose requests this router divides further. A router with it is refused: not served by this version.")
      .not_by_label();
  d.option("ruleSyntax", &HttpRouter::rule_syntax, "The syntax of the rule.")
      .one_of({"v2", "v3"})
      .deprecated("v3 rules");
  d.option("priority", &HttpRouter::priority, "Higher goes first; 0: the length of the rule.");
  d.option("tls", &HttpRouter::tls, "Take TLS requests only.").allow_empty();
  d.option("observability", &HttpRouter::observability, "What is recorded about its requests.");
  d.option("acme", &HttpRouter::acme, "Who answers challenges of hosts with their own certificates.");
  d.source(&HttpRouter::source);
}

void Server::describe(Describer<Server>& d) {
  d.name("Server");
  d.option("url", &Server::url, "http, https or h2c URL; the path counts only with preservePath.");
  d.option("weight", &Server::weight, "Share of requests; unset: 1.");
  d.option("preservePath", &Server::preserve_path, "Put the path of the URL in front of the request path.");
}

void Cookie::describe(Describer<Cookie>& d) {
  d.name("Cookie");
  d.option("name", &Cookie::name, "Name of the cookie; empty: derived from the service.");
  d.option("secure", &Cookie::secure, "Send it over TLS only.");
  d.option("httpOnly", &Cookie::http_only, "Hide it from scripts.");
  d.option("sameSite", &Cookie::same_site, "The SameSite attribute.").one_of({"none", "lax", "strict"}).ignoring_case();
  d.option("maxAge", &Cookie::max_age, "Seconds it lives; 0: the session; negative: expires at once.");
  d.option("path", &Cookie::path, "Path it is sent for.");
  d.option("domain", &Cookie::domain, "Domain it is sent for.");
}

void Sticky::describe(Describer<Sticky>& d) {
  d.name("Sticky");
  d.option("cookie", &Sticky::cookie, "The cookie that remembers the server.").allow_empty();
}

void HealthCheck::describe(Describer<HealthCheck>& d) {
  d.name("HealthCheck");
  d.option("scheme", &HealthCheck::scheme, "Scheme of the probe; empty: the server's.");
  d.option("mode", &HealthCheck::mode, "Kind of probe.").one_of({"http", "grpc"});
  d.option("path", &HealthCheck::path, "Path of the probe.");
  d.option("method", &HealthCheck::method, "Method of the probe; empty: GET.");
  d.option("status", &HealthCheck::status, "Status that is healthy; 0: any 2xx or 3xx.");
  d.option("port", &HealthCheck::port, "Port of the probe; 0: the server's.");
  d.option("interval", &HealthCheck::interval, "Time between probes.");
  d.option("unhealthyInterval", &HealthCheck::unhealthy_interval, "Time between probes of a server that is down.");
  d.option("timeout", &HealthCheck::timeout, "Time for an answer.");
  d.option("hostname", &HealthCheck::hostname, "Host header of the probe; empty: the server's.");
  d.option("followRedirects", &HealthCheck::follow_redirects, "Follow redirections.");
  d.option("headers", &HealthCheck::headers, "Headers of the probe.");
}

void PassiveHealthCheck::describe(Describer<PassiveHealthCheck>& d) {
  d.name("PassiveHealthCheck");
  d.option("failureWindow", &PassiveHealthCheck::failure_window, "Time in which failures are counted.");
  d.option("maxFailedAttempts", &PassiveHealthCheck::max_failed_attempts, "Failures that take a server out.");
}

void ResponseForwarding::describe(Describer<ResponseForwarding>& d) {
  d.name("ResponseForwarding");
  d.option("flushInterval", &ResponseForwarding::flush_interval,
           "Longest time response bytes are held back; negative: not at all.");
}

void LoadBalancer::describe(Describer<LoadBalancer>& d) {
  d.name("LoadBalancer");
  d.option("servers", &LoadBalancer::servers, "The servers.").not_by_label();
  d.option("strategy", &LoadBalancer::strategy, "How a server is chosen.").one_of({"wrr", "p2c", "hrw", "leasttime"});
  d.option("sticky", &LoadBalancer::sticky, "Keep a client on its server.").allow_empty();
  d.option("healthCheck", &LoadBalancer::health_check, "Probe the servers.");
  d.option("passiveHealthCheck", &LoadBalancer::passive_health_check, "Take failing servers out.");
  d.option("passHostHeader", &LoadBalancer::pass_host_header, "Pass the Host of the request on.");
  d.option("responseForwarding", &LoadBalancer::response_forwarding, "How responses are passed on.");
  d.option("serversTransport", &LoadBalancer::servers_transport, "How servers are connected to.");
  d.option("slowStart", &LoadBalancer::slow_start,
           "Time over which the share of a server grows that came or became healthy; 0: none.")
      .own();
  d.option("parkingTime", &LoadBalancer::parking_time,
           "Time a request waits for the first server, at most 60s; 0: none.")
      .own();
}

void ChildrenHealthCheck::describe(Describer<ChildrenHealthCheck>& d) { d.name("ChildrenHealthCheck"); }

void WeightedService::describe(Describer<WeightedService>& d) {
  d.name("WeightedService");
  d.option("name", &WeightedService::name, "Name of the service.");
  d.option("weight", &WeightedService::weight, "Share of requests; unset: 1; 0: none.");
}

void Weighted::describe(Describer<Weighted>& d) {
  d.name("Weighted");
  d.option("services", &Weighted::services, "The services requests are shared among.");
  d.option("sticky", &Weighted::sticky, "Keep a client on its service.").allow_empty();
  d.option("healthCheck", &Weighted::health_check, "Leave out services that are down.").allow_empty();
}

void HighestRandomWeight::describe(Describer<HighestRandomWeight>& d) {
  d.name("HighestRandomWeight");
  d.option("services", &HighestRandomWeight::services, "The services clients are divided among by address.");
  d.option("healthCheck", &HighestRandomWeight::health_check, "Leave out services that are down.").allow_empty();
}

void Mirror::describe(Describer<Mirror>& d) {
  d.name("Mirror");
  d.option("name", &Mirror::name, "Name of the service.");
  d.option("percent", &Mirror::percent, "Percent of the requests it gets.");
}

void Mirroring::describe(Describer<Mirroring>& d) {
  d.name("Mirroring");
  d.option("service", &Mirroring::service, "The service that answers.");
  d.option("mirrors", &Mirroring::mirrors, "The services that get copies.");
  d.option("mirrorBody", &Mirroring::mirror_body, "Copy bodies too.");
  d.option("maxBodySize", &Mirroring::max_body_size, "Largest body copied, in bytes; -1: no limit.");
  d.option("healthCheck", &Mirroring::health_check, "Take the health of the service into account.").allow_empty();
}

void FailoverErrors::describe(Describer<FailoverErrors>& d) {
  d.name("FailoverErrors");
  d.option("status", &FailoverErrors::status, "Status codes and ranges that count as failure.");
  d.option("maxRequestBodyBytes", &FailoverErrors::max_request_body_bytes,
           "Largest body kept for the fallback, in bytes; -1: no limit.");
}

void Failover::describe(Describer<Failover>& d) {
  d.name("Failover");
  d.option("service", &Failover::service, "The service that answers as long as it is up.");
  d.option("fallback", &Failover::fallback, "The service that answers otherwise.");
  d.option("healthCheck", &Failover::health_check, "Take the health of both into account.").allow_empty();
  d.option("errors", &Failover::errors, "Answers that count as failure.");
}

void HttpService::describe(Describer<HttpService>& d) {
  d.name("HttpService");
  d.option("loadBalancer", &HttpService::load_balancer, "Servers of this service.");
  d.option("weighted", &HttpService::weighted, "Other services, by weight.");
  d.option("highestRandomWeight", &HttpService::highest_random_weight, "Other services, by client address.");
  d.option("mirroring", &HttpService::mirroring, "Another service, with copies to more.");
  d.option("failover", &HttpService::failover, "Another service, with a fallback.");
  d.option("middlewares", &HttpService::middlewares, "Middlewares around this service wherever it is used.");
  d.source(&HttpService::source);
}

void ForwardingTimeouts::describe(Describer<ForwardingTimeouts>& d) {
  d.name("ForwardingTimeouts");
  d.option("dialTimeout", &ForwardingTimeouts::dial_timeout, "Time for connecting; 0: no limit.");
  d.option("responseHeaderTimeout", &ForwardingTimeouts::response_header_timeout,
           "Time from the end of the request to the head of the response; 0: no limit.");
  d.option("idleConnTimeout", &ForwardingTimeouts::idle_conn_timeout, "How long idle connections are kept.");
  d.option("readIdleTimeout", &ForwardingTimeouts::read_idle_timeout, "Silence after which an HTTP/2 ping is sent.");
  d.option("pingTimeout", &ForwardingTimeouts::ping_timeout, "Time for the answer to a ping.");
}

void ServersTransport::describe(Describer<ServersTransport>& d) {
  d.name("ServersTransport");
  d.option("serverName", &ServersTransport::server_name, "Name sent as SNI and looked for in the certificate.");
  d.option("insecureSkipVerify", &ServersTransport::insecure_skip_verify, "Accept any certificate.");
  d.option("rootCAs", &ServersTransport::root_cas, "Certificate authorities, as files or PEM text.");
  d.option("certificates", &ServersTransport::certificates, "Client certificates.");
  d.option("cipherSuites", &ServersTransport::cipher_suites, "Cipher suites up to TLS 1.2.");
  d.option("minVersion", &ServersTransport::min_version, "Lowest TLS version.")
      .one_of({"VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"})
      .or_default();
  d.option("maxVersion", &ServersTransport::max_version, "Highest TLS version.")
      .one_of({"VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"})
      .or_default();
  d.option("maxIdleConnsPerHost", &ServersTransport::max_idle_conns_per_host, "Idle connections kept for each server.");
  d.option("forwardingTimeouts", &ServersTransport::forwarding_timeouts, "How long things may take.");
  d.option("disableHTTP2", &ServersTransport::disable_http2, "Do not offer HTTP/2.");
  d.option("peerCertURI", &ServersTransport::peer_cert_uri, "URI the certificate must have.")
      .deprecated("peerCertSANs");
  d.option("peerCertSANs", &ServersTransport::peer_cert_sans, "Names the certificate may have.");
  d.option("spiffe", &ServersTransport::spiffe, "SPIFFE identities of the servers.").allow_empty();
  d.source(&ServersTransport::source);
}

void Middleware::describe(Describer<Middleware>& d) {
  d.name("Middleware");
  d.option("addPrefix", &Middleware::add_prefix, "Put a prefix in front of the path.");
  d.option("stripPrefix", &Middleware::strip_prefix, "Remove a prefix of the path.");
  d.option("stripPrefixRegex", &Middleware::strip_prefix_regex, "Remove a prefix of the path by expression.");
  d.option("replacePath", &Middleware::replace_path, "Replace the path.");
  d.option("replacePathRegex", &Middleware::replace_path_regex, "Replace parts of the path by expression.");
  d.option("chain", &Middleware::chain, "Several middlewares under one name.");
  d.option("ipWhiteList", &Middleware::ip_white_list, "Let only some addresses in.").deprecated("ipAllowList");
  d.option("ipAllowList", &Middleware::ip_allow_list, "Let only some addresses in.");
  d.option("headers", &Middleware::headers, "Set headers: own ones, CORS, security.");
  d.option("encodedCharacters", &Middleware::encoded_characters, "Refuse paths with some encoded characters.");
  d.option("errors", &Middleware::errors, "Error pages from another service.");
  d.option("rateLimit", &Middleware::rate_limit, "Limit requests per time.");
  d.option("redirectRegex", &Middleware::redirect_regex, "Redirect by expression.");
  d.option("redirectScheme", &Middleware::redirect_scheme, "Redirect to another scheme or port.");
  d.option("basicAuth", &Middleware::basic_auth, "Ask for name and password.");
  d.option("digestAuth", &Middleware::digest_auth, "Ask for name and password with HTTP Digest.");
  d.option("forwardAuth", &Middleware::forward_auth, "Ask another server whether to let a request in.");
  d.option("inFlightReq", &Middleware::in_flight_req, "Limit requests that are open at a time.");
  d.option("buffering", &Middleware::buffering, "Read whole bodies before passing them on.");
  d.option("circuitBreaker", &Middleware::circuit_breaker, "Stop asking a service that fails.");
  d.option("compress", &Middleware::compress, "Compress responses.").allow_empty();
  d.option("passTLSClientCert", &Middleware::pass_tls_client_cert, "Tell the server about the client certificate.");
  d.option("retry", &Middleware::retry, "Try failed requests again.");
  d.option("contentType", &Middleware::content_type, "Guess a missing Content-Type.").allow_empty();
  d.option("grpcWeb", &Middleware::grpc_web, "Translate gRPC-Web to gRPC.");
  d.option("plugin", &Middleware::plugin, "Options of a plugin, by its name.");
  d.source(&Middleware::source);
}

void Http::describe(Describer<Http>& d) {
  d.name("Http");
  d.option("routers", &Http::routers, "Which requests go to which service.").objects("router");
  d.option("services", &Http::services, "Who answers.").objects("service");
  d.option("middlewares", &Http::middlewares, "What happens to requests and responses on the way.")
      .objects("middleware");
  d.option("serversTransports", &Http::servers_transports, "How servers are connected to.").objects("serversTransport");
}

}  // namespace sluice::config
