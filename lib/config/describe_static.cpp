#include "config/schema.h"
#include "config/static_config.h"

namespace sluice::config {

void ExternalAccountBinding::describe(Describer<ExternalAccountBinding>& d) {
  d.name("ExternalAccountBinding");
  d.option("kid", &ExternalAccountBinding::kid, "Key identifier given by the CA.");
  d.option("hmacEncoded", &ExternalAccountBinding::hmac_encoded, "Key given by the CA, in base64url without padding.")
      .secret();
}

void HttpChallenge::describe(Describer<HttpChallenge>& d) {
  d.name("HttpChallenge");
  d.option("entryPoint", &HttpChallenge::entry_point, "Entry point the CA reaches on port 80.");
  d.option("delay", &HttpChallenge::delay, "Time between preparing a challenge and telling the CA.");
}

void TlsChallenge::describe(Describer<TlsChallenge>& d) {
  d.name("TlsChallenge");
  d.option("delay", &TlsChallenge::delay, "Time between preparing a challenge and telling the CA.");
}

void DnsPropagation::describe(Describer<DnsPropagation>& d) {
  d.name("DnsPropagation");
  d.option("disableChecks", &DnsPropagation::disable_checks, "Do not look whether the record is visible.");
  d.option("disableANSChecks", &DnsPropagation::disable_ans_checks, "Do not ask the authoritative servers.");
  d.option("requireAllRNS", &DnsPropagation::require_all_rns, "All recursive resolvers must see the record.");
  d.option("delayBeforeChecks", &DnsPropagation::delay_before_checks, "Time before the first look.");
}

void DnsChallenge::describe(Describer<DnsChallenge>& d) {
  d.name("DnsChallenge");
  d.option("provider", &DnsChallenge::provider, "Code of the DNS provider, such as cloudflare.");
  d.option("resolvers", &DnsChallenge::resolvers, "DNS servers asked for the record; none: the system's.");
  d.option("propagation", &DnsChallenge::propagation, "How to find out that the record is visible.").allow_empty();
  d.option("delayBeforeCheck", &DnsChallenge::delay_before_check, "Time before the first look.")
      .deprecated("propagation.delayBeforeChecks");
  d.option("disablePropagationCheck", &DnsChallenge::disable_propagation_check,
           "Do not look whether the record is visible.")
      .deprecated("propagation.disableChecks");
}

void FallbackCa::describe(Describer<FallbackCa>& d) {
  d.name("FallbackCa");
  d.option("caServer", &FallbackCa::ca_server, "Directory URL of the CA.");
  d.option("eab", &FallbackCa::eab, "Binding to an account that exists at the CA.");
}

void AcmeHook::describe(Describer<AcmeHook>& d) {
  d.name("AcmeHook");
  d.option("exec", &AcmeHook::exec, "Program to run, and its arguments; no shell is between.").secret();
  d.option("webhook", &AcmeHook::webhook, "URL to post the event to, as JSON.").secret();
  d.option("events", &AcmeHook::events,
           "obtaining, obtained, failed, expiring, ari-changed or revoked; none: all of them.");
  d.option("timeout", &AcmeHook::timeout, "Time it may take.");
}

void OnDemand::describe(Describer<OnDemand>& d) {
  d.name("OnDemand");
  d.option("allow", &OnDemand::allow, "Names, and *.example.com for one label; none: `ask` decides alone.");
  d.option("ask", &OnDemand::ask,
           "URL asked with ?domain=NAME&client=IP: 2xx allows the name, 403, 404, 410 and 451 refuse it.")
      .secret();
  d.option("limit", &OnDemand::limit, "Names allowed within an hour.");
  d.option("clientLimit", &OnDemand::client_limit, "Names one client may bring up within an hour.");
}

void Acme::describe(Describer<Acme>& d) {
  d.name("Acme");
  d.option("email", &Acme::email, "Contact of the account.");
  d.option("caServer", &Acme::ca_server, "Directory URL of the CA.");
  d.option("preferredChain", &Acme::preferred_chain, "Issuer of the chain to choose when the CA offers several.");
  d.option("profile", &Acme::profile, "Certificate profile to ask for.");
  d.option("emailAddresses", &Acme::email_addresses, "Mail addresses put into the request.");
  d.option("disableCommonName", &Acme::disable_common_name, "Put no common name into the request.");
  d.option("storage", &Acme::storage, "File that keeps accounts and certificates.");
  d.option("keyType", &Acme::key_type, "Kind of private keys.")
      .one_of({"EC256", "EC384", "RSA2048", "RSA3072", "RSA4096", "RSA8192"})
      .ignoring_case()
      .or_default();
  d.option("secondKeyType", &Acme::second_key_type,
           "A second certificate for the same names with such a key: EC beside RSA, or RSA beside EC.")
      .one_of({"EC256", "EC384", "RSA2048", "RSA3072", "RSA4096", "RSA8192"})
      .ignoring_case();
  d.option("eab", &Acme::eab, "Binding to an account that exists at the CA.");
  d.option("certificatesDuration", &Acme::certificates_duration,
           "Life of the certificates in hours; decides when they are renewed.");
  d.option("clientTimeout", &Acme::client_timeout, "Time for one request to the CA.");
  d.option("clientResponseHeaderTimeout", &Acme::client_response_header_timeout, "Time for the CA to begin to answer.");
  d.option("certificateTimeout", &Acme::certificate_timeout, "Time for an order to become valid.");
  d.option("caCertificates", &Acme::ca_certificates, "Files of authorities that sign the CA's own certificate.");
  d.option("caSystemCertPool", &Acme::ca_system_cert_pool, "Trust the system's authorities beside them.");
  d.option("caServerName", &Acme::ca_server_name, "Name expected in the CA's own certificate.");
  d.option("httpChallenge", &Acme::http_challenge, "Prove names over HTTP.").allow_empty();
  d.option("tlsChallenge", &Acme::tls_challenge, "Prove names over TLS.").allow_empty();
  d.option("dnsChallenge", &Acme::dns_challenge, "Prove names over DNS.").allow_empty();
  d.option("fallback", &Acme::fallback, "Further CAs, asked in turn when those before them do not answer.");
  d.option("partial", &Acme::partial,
           "When a CA refuses some names of a certificate, obtain one for the others meanwhile.");
  d.option("profileMandatory", &Acme::profile_mandatory,
           "Order nothing when the CA does not offer the profile, rather than without one.");
  d.option("reusePrivateKey", &Acme::reuse_private_key, "Renew certificates with the keys they have.");
  d.option("selfCheck", &Acme::self_check, "Look first whether a name leads to us, before a CA is asked to.");
  d.option("onDemand", &Acme::on_demand,
           "Obtain certificates for names no router names, when a client's handshake asks for one.");
  d.option("hooks", &Acme::hooks, "Programs and web services that are told what becomes of certificates.");
}

void Tailscale::describe(Describer<Tailscale>& d) { d.name("Tailscale"); }

void CertificateResolver::describe(Describer<CertificateResolver>& d) {
  d.name("CertificateResolver");
  d.option("acme", &CertificateResolver::acme, "Obtain certificates from an ACME CA.");
  d.option("tailscale", &CertificateResolver::tailscale, "Obtain certificates from Tailscale.").allow_empty();
  d.source(&CertificateResolver::source);
}

void Global::describe(Describer<Global>& d) {
  d.name("Global");
  d.option("checkNewVersion", &Global::check_new_version, "Accepted without effect: Sluice calls nobody.");
  d.option("sendAnonymousUsage", &Global::send_anonymous_usage, "Accepted without effect: Sluice calls nobody.");
  d.option("notAppendXForwardedFor", &Global::not_append_x_forwarded_for,
           "Do not add the client address to X-Forwarded-For.")
      .deprecated("forwardedHeaders.notAppendXForwardedFor of the entry points");
}

void StaticForwardingTimeouts::describe(Describer<StaticForwardingTimeouts>& d) {
  d.name("StaticForwardingTimeouts");
  d.option("dialTimeout", &StaticForwardingTimeouts::dial_timeout, "Time for connecting; 0: no limit.");
  d.option("responseHeaderTimeout", &StaticForwardingTimeouts::response_header_timeout,
           "Time from the end of the request to the head of the response; 0: no limit.");
  d.option("idleConnTimeout", &StaticForwardingTimeouts::idle_conn_timeout, "How long idle connections are kept.");
}

void DefaultServersTransport::describe(Describer<DefaultServersTransport>& d) {
  d.name("DefaultServersTransport");
  d.option("insecureSkipVerify", &DefaultServersTransport::insecure_skip_verify, "Accept any certificate.");
  d.option("rootCAs", &DefaultServersTransport::root_cas, "Certificate authorities, as files or PEM text.");
  d.option("maxIdleConnsPerHost", &DefaultServersTransport::max_idle_conns_per_host,
           "Idle connections kept for each server.");
  d.option("forwardingTimeouts", &DefaultServersTransport::forwarding_timeouts, "How long things may take.");
  d.option("spiffe", &DefaultServersTransport::spiffe, "SPIFFE identities of the servers.").allow_empty();
}

void StaticTransportTls::describe(Describer<StaticTransportTls>& d) {
  d.name("StaticTransportTls");
  d.option("insecureSkipVerify", &StaticTransportTls::insecure_skip_verify, "Accept any certificate.");
  d.option("rootCAs", &StaticTransportTls::root_cas, "Certificate authorities, as files or PEM text.");
  d.option("spiffe", &StaticTransportTls::spiffe, "SPIFFE identities of the servers.").allow_empty();
}

void DefaultTcpServersTransport::describe(Describer<DefaultTcpServersTransport>& d) {
  d.name("DefaultTcpServersTransport");
  d.option("dialKeepAlive", &DefaultTcpServersTransport::dial_keep_alive,
           "TCP keep-alive interval; 0: 15s; negative: none.");
  d.option("dialTimeout", &DefaultTcpServersTransport::dial_timeout, "Time for connecting; 0: no limit.");
  d.option("terminationDelay", &DefaultTcpServersTransport::termination_delay,
           "Time left to one side after the other closed; negative: for ever.");
  d.option("tls", &DefaultTcpServersTransport::tls, "TLS towards the servers.").allow_empty();
}

void Api::describe(Describer<Api>& d) {
  d.name("Api");
  d.option("basePath", &Api::base_path, "Path in front of /api and /dashboard.");
  d.option("insecure", &Api::insecure, "Publish the API on entry point traefik, for anyone.");
  d.option("dashboard", &Api::dashboard, "Serve the dashboard.");
  d.option("debug", &Api::debug, "Serve pages for finding faults.");
  d.option("disableDashboardAd", &Api::disable_dashboard_ad, "Accepted without effect: there is no advertising.");
  d.option("dashboardName", &Api::dashboard_name, "Name the dashboard shows.");
}

void Ping::describe(Describer<Ping>& d) {
  d.name("Ping");
  d.option("entryPoint", &Ping::entry_point, "Entry point that answers /ping.");
  d.option("manualRouting", &Ping::manual_routing, "Only offer ping@internal to routers of your own.");
  d.option("terminatingStatusCode", &Ping::terminating_status_code, "Status while the process ends.");
}

void HostResolver::describe(Describer<HostResolver>& d) {
  d.name("HostResolver");
  d.option("cnameFlattening", &HostResolver::cname_flattening, "Match rules against the CNAME target too.");
  d.option("resolvConfig", &HostResolver::resolv_config, "Resolver file to use.");
  d.option("resolvDepth", &HostResolver::resolv_depth, "Most CNAMEs followed.");
}

void Ocsp::describe(Describer<Ocsp>& d) {
  d.name("Ocsp");
  d.option("responderOverrides", &Ocsp::responder_overrides, "Responder to ask instead, by the certificate's one.");
}

void SpiffeClient::describe(Describer<SpiffeClient>& d) {
  d.name("SpiffeClient");
  d.option("workloadAPIAddr", &SpiffeClient::workload_api_addr, "Address of the SPIFFE workload API.");
}

void Core::describe(Describer<Core>& d) {
  d.name("Core");
  d.option("defaultRuleSyntax", &Core::default_rule_syntax, "Syntax of rules that do not say.")
      .one_of({"v2", "v3"})
      .deprecated("v3 rules");
}

void PluginSettings::describe(Describer<PluginSettings>& d) {
  d.name("PluginSettings");
  d.option("envs", &PluginSettings::envs, "Variables the plugin may read.");
  d.option("mounts", &PluginSettings::mounts, "Directories the plugin may read.");
  d.option("useUnsafe", &PluginSettings::use_unsafe, "Let the plugin use unsafe packages.");
}

void Plugin::describe(Describer<Plugin>& d) {
  d.name("Plugin");
  d.option("moduleName", &Plugin::module_name, "Module of the plugin.");
  d.option("version", &Plugin::version, "Version of the plugin.");
  d.option("hash", &Plugin::hash, "Hash of the plugin.");
  d.option("settings", &Plugin::settings, "What the plugin may do.");
}

void LocalPlugin::describe(Describer<LocalPlugin>& d) {
  d.name("LocalPlugin");
  d.option("moduleName", &LocalPlugin::module_name, "Module of the plugin.");
  d.option("settings", &LocalPlugin::settings, "What the plugin may do.");
}

void FastProxy::describe(Describer<FastProxy>& d) {
  d.name("FastProxy");
  d.option("debug", &FastProxy::debug, "Accepted without effect.");
}

void Experimental::describe(Describer<Experimental>& d) {
  d.name("Experimental");
  d.option("plugins", &Experimental::plugins, "Plugins to load, by name.");
  d.option("localPlugins", &Experimental::local_plugins, "Plugins on disk, by name.");
  d.option("abortOnPluginFailure", &Experimental::abort_on_plugin_failure, "Do not start when a plugin fails.");
  d.option("fastProxy", &Experimental::fast_proxy, "Accepted without effect: there is one proxy engine.").allow_empty();
  d.option("otlpLogs", &Experimental::otlp_logs, "Allow logs over OTLP.");
  d.option("knative", &Experimental::knative, "Allow the Knative provider.");
  d.option("kubernetesIngressNGINX", &Experimental::kubernetes_ingress_nginx, "Allow that Kubernetes provider.");
  d.option("kubernetesGateway", &Experimental::kubernetes_gateway, "Allow that Kubernetes provider.")
      .deprecated("providers.kubernetesGateway alone");
}

void Static::describe(Describer<Static>& d) {
  d.name("Static");
  d.option("global", &Static::global, "Settings of the whole process.");
  d.option("serversTransport", &Static::servers_transport, "How HTTP servers are connected to by default.");
  d.option("tcpServersTransport", &Static::tcp_servers_transport, "How TCP servers are connected to by default.");
  d.option("entryPoints", &Static::entry_points, "Where clients connect.");
  d.option("providers", &Static::providers, "Where routers and services come from.");
  d.option("api", &Static::api, "The API and the dashboard.").allow_empty();
  d.option("metrics", &Static::metrics, "Metrics.");
  d.option("ping", &Static::ping, "Answer /ping, for health checks of this process.").allow_empty();
  d.option("log", &Static::log, "The program log.").allow_empty();
  d.option("accessLog", &Static::access_log, "The access log.").allow_empty();
  d.option("tracing", &Static::tracing, "Tracing.").allow_empty();
  d.option("hostResolver", &Static::host_resolver, "CNAMEs in host rules.").allow_empty();
  d.option("certificatesResolvers", &Static::certificates_resolvers, "Where certificates come from.");
  d.option("experimental", &Static::experimental, "Experiments and plugins.");
  d.option("core", &Static::core, "Compatibility with older versions.");
  d.option("spiffe", &Static::spiffe, "SPIFFE.");
  d.option("ocsp", &Static::ocsp, "Staple OCSP answers.").allow_empty();
  d.option("controlSocket", &Static::control_socket,
           "Path of the control socket; \"none\" for none; empty: control.sock in a runtime directory.")
      .own();
  d.option("workers", &Static::workers, "Worker threads; 0: as many as the process may use CPUs.").own();
}

}  // namespace sluice::config
