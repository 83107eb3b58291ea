#include "config/entry_point.h"
#include "config/schema.h"

namespace sluice::config {

void LifeCycle::describe(Describer<LifeCycle>& d) {
  d.name("LifeCycle");
  d.option("requestAcceptGraceTimeout", &LifeCycle::request_accept_grace_timeout,
           "How long connections are still accepted after SIGTERM.");
  d.option("graceTimeOut", &LifeCycle::grace_time_out, "How long open requests may then take to finish.");
}

void RespondingTimeouts::describe(Describer<RespondingTimeouts>& d) {
  d.name("RespondingTimeouts");
  d.option("readTimeout", &RespondingTimeouts::read_timeout,
           "Time for a whole request with its body; 0: no limit; unset: 60s without progress.");
  d.option("writeTimeout", &RespondingTimeouts::write_timeout, "Time for a whole response; 0: no limit.");
  d.option("idleTimeout", &RespondingTimeouts::idle_timeout, "How long idle connections are kept; 0: for ever.");
}

void EntryPointTransport::describe(Describer<EntryPointTransport>& d) {
  d.name("EntryPointTransport");
  d.option("lifeCycle", &EntryPointTransport::life_cycle, "What happens at the end of the process.");
  d.option("respondingTimeouts", &EntryPointTransport::responding_timeouts, "How long requests may take.");
  d.option("keepAliveMaxRequests", &EntryPointTransport::keep_alive_max_requests,
           "Requests one connection may make; 0: no limit.");
  d.option("keepAliveMaxTime", &EntryPointTransport::keep_alive_max_time,
           "Age at which a connection is closed between requests; 0: no limit.");
}

void AcceptProxyProtocol::describe(Describer<AcceptProxyProtocol>& d) {
  d.name("AcceptProxyProtocol");
  d.option("insecure", &AcceptProxyProtocol::insecure, "Believe everyone's PROXY protocol header.");
  d.option("trustedIPs", &AcceptProxyProtocol::trusted_ips, "Addresses and networks whose header is believed.");
}

void ForwardedHeaders::describe(Describer<ForwardedHeaders>& d) {
  d.name("ForwardedHeaders");
  d.option("insecure", &ForwardedHeaders::insecure, "Believe everyone's X-Forwarded-* headers.");
  d.option("trustedIPs", &ForwardedHeaders::trusted_ips, "Addresses and networks whose headers are believed.");
  d.option("connection", &ForwardedHeaders::connection, "Headers that middlewares see although Connection names them.");
  d.option("notAppendXForwardedFor", &ForwardedHeaders::not_append_x_forwarded_for,
           "Do not add the client address to X-Forwarded-For.");
  d.option("addXForwardedSchemeHeaders", &ForwardedHeaders::add_x_forwarded_scheme_headers,
           "Set X-Forwarded-Scheme and X-Scheme too.");
}

void EntryPointRedirection::describe(Describer<EntryPointRedirection>& d) {
  d.name("EntryPointRedirection");
  d.option("to", &EntryPointRedirection::to, "Name of the entry point to redirect to, or :port.");
  d.option("scheme", &EntryPointRedirection::scheme, "The scheme to redirect to.");
  d.option("permanent", &EntryPointRedirection::permanent, "Redirect with 301 or 308 instead of 302 or 307.");
  d.option("priority", &EntryPointRedirection::priority, "Priority of the router that redirects.");
}

void Redirections::describe(Describer<Redirections>& d) {
  d.name("Redirections");
  d.option("entryPoint", &Redirections::entry_point, "Redirect everything to another entry point.");
}

void EntryPointEncodedCharacters::describe(Describer<EntryPointEncodedCharacters>& d) {
  using Characters = EntryPointEncodedCharacters;
  d.name("EntryPointEncodedCharacters");
  d.option("allowEncodedSlash", &Characters::allow_encoded_slash, "Allow %2F in the path.");
  d.option("allowEncodedBackSlash", &Characters::allow_encoded_back_slash, "Allow %5C in the path.");
  d.option("allowEncodedNullCharacter", &Characters::allow_encoded_null_character, "Allow %00 in the path.");
  d.option("allowEncodedSemicolon", &Characters::allow_encoded_semicolon, "Allow %3B in the path.");
  d.option("allowEncodedPercent", &Characters::allow_encoded_percent, "Allow %25 in the path.");
  d.option("allowEncodedQuestionMark", &Characters::allow_encoded_question_mark, "Allow %3F in the path.");
  d.option("allowEncodedHash", &Characters::allow_encoded_hash, "Allow %23 in the path.");
}

void EntryPointHttp::describe(Describer<EntryPointHttp>& d) {
  d.name("EntryPointHttp");
  d.option("redirections", &EntryPointHttp::redirections, "Redirect everything.");
  d.option("middlewares", &EntryPointHttp::middlewares, "Middlewares of every router, as name@provider.");
  d.option("tls", &EntryPointHttp::tls, "TLS settings of routers that have none.").allow_empty();
  d.option("encodedCharacters", &EntryPointHttp::encoded_characters, "Encoded characters that paths may have.");
  d.option("encodeQuerySemicolons", &EntryPointHttp::encode_query_semicolons, "Send ; in a query as %3B, not as &.");
  d.option("sanitizePath", &EntryPointHttp::sanitize_path, "Resolve . and .. and // in paths before routing.");
  d.option("maxHeaderBytes", &EntryPointHttp::max_header_bytes, "Largest request head, in bytes.");
  d.option("underscoreHeadersStrategy", &EntryPointHttp::underscore_headers_strategy,
           "What to do with header names that contain an underscore.")
      .one_of({"keep", "delete", "reject"});
}

void EntryPointHttp2::describe(Describer<EntryPointHttp2>& d) {
  d.name("EntryPointHttp2");
  d.option("maxConcurrentStreams", &EntryPointHttp2::max_concurrent_streams, "Requests open on one connection.");
  d.option("maxDecoderHeaderTableSize", &EntryPointHttp2::max_decoder_header_table_size,
           "HPACK table for requests, in bytes.");
  d.option("maxEncoderHeaderTableSize", &EntryPointHttp2::max_encoder_header_table_size,
           "HPACK table for responses, in bytes.");
}

void EntryPointHttp3::describe(Describer<EntryPointHttp3>& d) {
  d.name("EntryPointHttp3");
  d.option("advertisedPort", &EntryPointHttp3::advertised_port, "Port in Alt-Svc; 0: the entry point's.");
}

void EntryPointUdp::describe(Describer<EntryPointUdp>& d) {
  d.name("EntryPointUdp");
  d.option("timeout", &EntryPointUdp::timeout, "Silence after which a UDP session ends.");
}

void EntryPointObservability::describe(Describer<EntryPointObservability>& d) {
  d.name("EntryPointObservability");
  d.option("accessLogs", &EntryPointObservability::access_logs, "Write requests to the access log.");
  d.option("metrics", &EntryPointObservability::metrics, "Count requests.");
  d.option("tracing", &EntryPointObservability::tracing, "Trace requests.");
  d.option("traceVerbosity", &EntryPointObservability::trace_verbosity, "How many spans a request has.")
      .one_of({"minimal", "detailed"})
      .or_default();
}

void EntryPointDelegation::describe(Describer<EntryPointDelegation>& d) {
  d.name("EntryPointDelegation");
  d.option("hosts", &EntryPointDelegation::hosts, "Names, or wildcards for one label.");
  d.option("service", &EntryPointDelegation::service,
           "The HTTP service that gets their HTTP challenges, as name@provider.");
  d.option("tcpService", &EntryPointDelegation::tcp_service,
           "The TCP service that gets their TLS challenges, as name@provider.");
}

void EntryPointAcme::describe(Describer<EntryPointAcme>& d) {
  d.name("EntryPointAcme");
  d.option("delegate", &EntryPointAcme::delegate, "Hosts that obtain their own certificates. Sluice's own.");
}

void EntryPoint::describe(Describer<EntryPoint>& d) {
  d.name("EntryPoint");
  d.option("address", &EntryPoint::address, "[host]:port, with /udp for UDP.");
  d.option("allowACMEByPass", &EntryPoint::allow_acme_by_pass,
           "Routers may take challenges nobody ordered here, also for hosts whose certificates are obtained here.");
  d.option("acme", &EntryPoint::acme, "Who answers challenges of hosts with their own certificates.");
  d.option("reusePort", &EntryPoint::reuse_port, "Several processes may listen on the address.");
  d.option("asDefault", &EntryPoint::as_default, "Routers that name no entry point listen here.");
  d.option("transport", &EntryPoint::transport, "Timeouts and limits of connections.");
  d.option("proxyProtocol", &EntryPoint::proxy_protocol, "Accept PROXY protocol headers.").allow_empty();
  d.option("forwardedHeaders", &EntryPoint::forwarded_headers, "Whose X-Forwarded-* headers are believed.");
  d.option("http", &EntryPoint::http, "HTTP settings.");
  d.option("http2", &EntryPoint::http2, "HTTP/2 settings.");
  d.option("http3", &EntryPoint::http3, "Serve HTTP/3 on the same port.").allow_empty();
  d.option("udp", &EntryPoint::udp, "UDP settings.");
  d.option("observability", &EntryPoint::observability, "What is recorded about requests.");
  d.source(&EntryPoint::source);
}

}  // namespace sluice::config
