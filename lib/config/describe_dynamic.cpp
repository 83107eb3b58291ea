#include "config/dynamic.h"
#include "config/schema.h"

namespace sluice::config {

void ClientTls::describe(Describer<ClientTls>& d) {
  d.name("ClientTls");
  d.option("ca", &ClientTls::ca, "Certificate authority that signs the server's certificate.");
  d.option("cert", &ClientTls::cert, "Client certificate.");
  d.option("key", &ClientTls::key, "Key of the client certificate.").secret();
  d.option("insecureSkipVerify", &ClientTls::insecure_skip_verify, "Accept any certificate.");
}

void Domain::describe(Describer<Domain>& d) {
  d.name("Domain");
  d.option("main", &Domain::main, "Main name of the certificate.");
  d.option("sans", &Domain::sans, "Further names of the certificate.");
}

void Spiffe::describe(Describer<Spiffe>& d) {
  d.name("Spiffe");
  d.option("ids", &Spiffe::ids, "SPIFFE IDs that are accepted; they win over trustDomain.");
  d.option("trustDomain", &Spiffe::trust_domain, "Trust domain that is accepted.");
}

void CertificateFiles::describe(Describer<CertificateFiles>& d) {
  d.name("CertificateFiles");
  d.option("certFile", &CertificateFiles::cert_file, "Certificate chain, as a file or PEM text.");
  d.option("keyFile", &CertificateFiles::key_file, "Private key, as a file or PEM text.").secret();
}

void PeerCertSan::describe(Describer<PeerCertSan>& d) {
  d.name("PeerCertSan");
  d.option("type", &PeerCertSan::type, "Kind of the name.");
  d.option("value", &PeerCertSan::value, "The name.");
}

void TcpRouterTls::describe(Describer<TcpRouterTls>& d) {
  d.name("TcpRouterTls");
  d.option("passthrough", &TcpRouterTls::passthrough, "Pass the TLS bytes on instead of ending TLS here.");
  d.option("options", &TcpRouterTls::options, "Name of the TLS options.");
  d.option("certResolver", &TcpRouterTls::cert_resolver, "Name of the resolver that obtains the certificate.");
  d.option("domains", &TcpRouterTls::domains, "Certificates to obtain; none: the hosts of the rule.");
}

void TcpRouterAcme::describe(Describer<TcpRouterAcme>& d) {
  d.name("TcpRouterAcme");
  d.option("delegate", &TcpRouterAcme::delegate,
           "Hosts, or wildcards, whose TLS challenges go straight to the service, on every entry point. Sluice's own.");
}

void TcpRouter::describe(Describer<TcpRouter>& d) {
  d.name("TcpRouter");
  d.option("entryPoints", &TcpRouter::entry_points, "Entry points it listens on; none: the default ones.");
  d.option("middlewares", &TcpRouter::middlewares, "Middlewares, the outermost first.");
  d.option("service", &TcpRouter::service, "The service that answers.");
  d.option("rule", &TcpRouter::rule, "Which connections it takes, such as HostSNI(`example.com`).");
  d.option("ruleSyntax", &TcpRouter::rule_syntax, "The syntax of the rule.")
      .one_of({"v2", "v3"})
      .deprecated("v3 rules");
  d.option("priority", &TcpRouter::priority, "Higher goes first; 0: the length of the rule.");
  d.option("tls", &TcpRouter::tls, "Take TLS connections only.").allow_empty();
  d.option("acme", &TcpRouter::acme, "Who answers challenges of hosts with their own certificates.");
  d.source(&TcpRouter::source);
}

void TcpServer::describe(Describer<TcpServer>& d) {
  d.name("TcpServer");
  d.option("address", &TcpServer::address, "host:port of the server.");
  d.option("tls", &TcpServer::tls, "Speak TLS to the server.");
}

void TcpHealthCheck::describe(Describer<TcpHealthCheck>& d) {
  d.name("TcpHealthCheck");
  d.option("port", &TcpHealthCheck::port, "Port of the probe; 0: the server's.");
  d.option("send", &TcpHealthCheck::send, "Text sent after connecting.");
  d.option("expect", &TcpHealthCheck::expect, "Text a healthy server answers with.");
  d.option("interval", &TcpHealthCheck::interval, "Time between probes.");
  d.option("unhealthyInterval", &TcpHealthCheck::unhealthy_interval, "Time between probes of a server that is down.");
  d.option("timeout", &TcpHealthCheck::timeout, "Time for an answer.");
}

void SendProxyProtocol::describe(Describer<SendProxyProtocol>& d) {
  d.name("SendProxyProtocol");
  d.option("version", &SendProxyProtocol::version, "Version of the PROXY protocol, 1 or 2.");
}

void TcpLoadBalancer::describe(Describer<TcpLoadBalancer>& d) {
  d.name("TcpLoadBalancer");
  d.option("servers", &TcpLoadBalancer::servers, "The servers.").not_by_label();
  d.option("serversTransport", &TcpLoadBalancer::servers_transport, "How servers are connected to.");
  d.option("proxyProtocol", &TcpLoadBalancer::proxy_protocol, "Send a PROXY protocol header.")
      .allow_empty()
      .deprecated("proxyProtocol of a serversTransport");
  d.option("terminationDelay", &TcpLoadBalancer::termination_delay, "Time left to one side after the other closed.")
      .deprecated("terminationDelay of a serversTransport");
  d.option("healthCheck", &TcpLoadBalancer::health_check, "Probe the servers.").allow_empty();
}

void TcpWeighted::describe(Describer<TcpWeighted>& d) {
  d.name("TcpWeighted");
  d.option("services", &TcpWeighted::services, "The services connections are shared among.");
  d.option("healthCheck", &TcpWeighted::health_check, "Leave out services that are down.").allow_empty();
}

void TcpService::describe(Describer<TcpService>& d) {
  d.name("TcpService");
  d.option("loadBalancer", &TcpService::load_balancer, "Servers of this service.");
  d.option("weighted", &TcpService::weighted, "Other services, by weight.");
  d.source(&TcpService::source);
}

void TcpMiddleware::describe(Describer<TcpMiddleware>& d) {
  d.name("TcpMiddleware");
  d.option("inFlightConn", &TcpMiddleware::in_flight_conn, "Limit connections that are open at a time.");
  d.option("ipWhiteList", &TcpMiddleware::ip_white_list, "Let only some addresses in.").deprecated("ipAllowList");
  d.option("ipAllowList", &TcpMiddleware::ip_allow_list, "Let only some addresses in.");
  d.source(&TcpMiddleware::source);
}

void TcpTransportTls::describe(Describer<TcpTransportTls>& d) {
  d.name("TcpTransportTls");
  d.option("serverName", &TcpTransportTls::server_name, "Name sent as SNI and looked for in the certificate.");
  d.option("insecureSkipVerify", &TcpTransportTls::insecure_skip_verify, "Accept any certificate.");
  d.option("rootCAs", &TcpTransportTls::root_cas, "Certificate authorities, as files or PEM text.");
  d.option("certificates", &TcpTransportTls::certificates, "Client certificates.");
  d.option("peerCertURI", &TcpTransportTls::peer_cert_uri, "URI the certificate must have.").deprecated("peerCertSANs");
  d.option("peerCertSANs", &TcpTransportTls::peer_cert_sans, "Names the certificate may have.");
  d.option("spiffe", &TcpTransportTls::spiffe, "SPIFFE identities of the servers.").allow_empty();
}

void TcpServersTransport::describe(Describer<TcpServersTransport>& d) {
  d.name("TcpServersTransport");
  d.option("dialTimeout", &TcpServersTransport::dial_timeout, "Time for connecting; 0: no limit.");
  d.option("dialKeepAlive", &TcpServersTransport::dial_keep_alive, "TCP keep-alive interval; 0: 15s; negative: none.");
  d.option("terminationDelay", &TcpServersTransport::termination_delay,
           "Time left to one side after the other closed; negative: for ever.");
  d.option("proxyProtocol", &TcpServersTransport::proxy_protocol, "Send a PROXY protocol header.").allow_empty();
  d.option("tls", &TcpServersTransport::tls, "TLS towards the servers.").allow_empty();
  d.source(&TcpServersTransport::source);
}

void Tcp::describe(Describer<Tcp>& d) {
  d.name("Tcp");
  d.option("routers", &Tcp::routers, "Which connections go to which service.").objects("TCP router");
  d.option("services", &Tcp::services, "Who answers.").objects("TCP service");
  d.option("middlewares", &Tcp::middlewares, "What happens to connections on the way.").objects("TCP middleware");
  d.option("serversTransports", &Tcp::servers_transports, "How servers are connected to.")
      .objects("TCP serversTransport");
}

void UdpRouter::describe(Describer<UdpRouter>& d) {
  d.name("UdpRouter");
  d.option("entryPoints", &UdpRouter::entry_points, "Entry points it listens on; none: all UDP ones.");
  d.option("service", &UdpRouter::service, "The service that answers.");
  d.source(&UdpRouter::source);
}

void UdpServer::describe(Describer<UdpServer>& d) {
  d.name("UdpServer");
  d.option("address", &UdpServer::address, "host:port of the server.");
}

void UdpLoadBalancer::describe(Describer<UdpLoadBalancer>& d) {
  d.name("UdpLoadBalancer");
  d.option("servers", &UdpLoadBalancer::servers, "The servers.").not_by_label();
}

void UdpWeighted::describe(Describer<UdpWeighted>& d) {
  d.name("UdpWeighted");
  d.option("services", &UdpWeighted::services, "The services sessions are shared among.");
}

void UdpService::describe(Describer<UdpService>& d) {
  d.name("UdpService");
  d.option("loadBalancer", &UdpService::load_balancer, "Servers of this service.");
  d.option("weighted", &UdpService::weighted, "Other services, by weight.");
  d.source(&UdpService::source);
}

void Udp::describe(Describer<Udp>& d) {
  d.name("Udp");
  d.option("routers", &Udp::routers, "Which entry point goes to which service.").objects("UDP router");
  d.option("services", &Udp::services, "Who answers.").objects("UDP service");
}

void TlsCertificate::describe(Describer<TlsCertificate>& d) {
  d.name("TlsCertificate");
  d.option("certFile", &TlsCertificate::cert_file, "Certificate chain, as a file or PEM text.");
  d.option("keyFile", &TlsCertificate::key_file, "Private key, as a file or PEM text.").secret();
  d.option("stores", &TlsCertificate::stores, "Stores it is put in; only default has a meaning.");
  d.source(&TlsCertificate::source);
}

void ClientAuth::describe(Describer<ClientAuth>& d) {
  d.name("ClientAuth");
  d.option("caFiles", &ClientAuth::ca_files, "Certificate authorities of clients, as files or PEM text.");
  d.option("clientAuthType", &ClientAuth::client_auth_type, "Whether a client certificate is asked for and verified.")
      .one_of({"NoClientCert", "RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven",
               "RequireAndVerifyClientCert"});
}

void TlsOptions::describe(Describer<TlsOptions>& d) {
  d.name("TlsOptions");
  d.option("minVersion", &TlsOptions::min_version, "Lowest TLS version; empty: TLS 1.2.")
      .one_of({"VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"})
      .or_default();
  d.option("maxVersion", &TlsOptions::max_version, "Highest TLS version.")
      .one_of({"VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"})
      .or_default();
  d.option("cipherSuites", &TlsOptions::cipher_suites, "Cipher suites up to TLS 1.2, by their IANA names.");
  d.option("curvePreferences", &TlsOptions::curve_preferences, "Key exchange groups, the preferred one first.");
  d.option("clientAuth", &TlsOptions::client_auth, "Client certificates.");
  d.option("sniStrict", &TlsOptions::sni_strict, "Refuse names without a certificate of their own.");
  d.option("alpnProtocols", &TlsOptions::alpn_protocols, "Protocols offered, the preferred one first.");
  d.option("disableSessionTickets", &TlsOptions::disable_session_tickets, "Do not resume sessions by ticket.");
  d.option("preferServerCipherSuites", &TlsOptions::prefer_server_cipher_suites, "Without effect.")
      .deprecated("nothing: remove it");
  d.source(&TlsOptions::source);
}

void GeneratedCert::describe(Describer<GeneratedCert>& d) {
  d.name("GeneratedCert");
  d.option("resolver", &GeneratedCert::resolver, "Name of the resolver that obtains it.");
  d.option("domain", &GeneratedCert::domain, "Names of the certificate.");
}

void TlsStore::describe(Describer<TlsStore>& d) {
  d.name("TlsStore");
  d.option("defaultCertificate", &TlsStore::default_certificate, "Served when nothing else matches.").not_by_label();
  d.option("defaultGeneratedCert", &TlsStore::default_generated_cert, "As defaultCertificate, obtained by a resolver.");
  d.source(&TlsStore::source);
}

void Tls::describe(Describer<Tls>& d) {
  d.name("Tls");
  d.option("certificates", &Tls::certificates, "Certificates to serve.").objects("certificate").not_by_label();
  d.option("options", &Tls::options, "TLS settings that routers name.").objects("TLS options");
  d.option("stores", &Tls::stores, "Certificate stores; only default has a meaning.").objects("TLS store");
}

void Dynamic::describe(Describer<Dynamic>& d) {
  d.name("Dynamic");
  d.option("http", &Dynamic::http, "HTTP routing.");
  d.option("tcp", &Dynamic::tcp, "TCP routing.");
  d.option("udp", &Dynamic::udp, "UDP routing.");
  d.option("tls", &Dynamic::tls, "Certificates and TLS settings.");
}

}  // namespace sluice::config
