#include "config/middleware_options.h"
#include "config/schema.h"

namespace sluice::config {

void AddPrefix::describe(Describer<AddPrefix>& d) {
  d.name("AddPrefix");
  d.option("prefix", &AddPrefix::prefix, "Text put in front of the request path.");
}

void StripPrefix::describe(Describer<StripPrefix>& d) {
  d.name("StripPrefix");
  d.option("prefixes", &StripPrefix::prefixes, "The first of these that the path begins with is removed.");
  d.option("forceSlash", &StripPrefix::force_slash, "Keep a leading slash when nothing else is left.")
      .deprecated("nothing: an empty path is always sent as /");
}

void StripPrefixRegex::describe(Describer<StripPrefixRegex>& d) {
  d.name("StripPrefixRegex");
  d.option("regex", &StripPrefixRegex::regex, "What the first matching expression matches at the start is removed.");
}

void ReplacePath::describe(Describer<ReplacePath>& d) {
  d.name("ReplacePath");
  d.option("path", &ReplacePath::path, "The path sent upstream; the old one goes to X-Replaced-Path.");
}

void ReplacePathRegex::describe(Describer<ReplacePathRegex>& d) {
  d.name("ReplacePathRegex");
  d.option("regex", &ReplacePathRegex::regex, "Regular expression on the escaped path.");
  d.option("replacement", &ReplacePathRegex::replacement, "What matches become; $1 and ${name} are captures.");
}

void RedirectScheme::describe(Describer<RedirectScheme>& d) {
  d.name("RedirectScheme");
  d.option("scheme", &RedirectScheme::scheme, "The scheme to redirect to.");
  d.option("port", &RedirectScheme::port, "The port to redirect to.");
  d.option("permanent", &RedirectScheme::permanent, "Redirect with 301 or 308 instead of 302 or 307.");
}

void RedirectRegex::describe(Describer<RedirectRegex>& d) {
  d.name("RedirectRegex");
  d.option("regex", &RedirectRegex::regex, "Regular expression on the whole URL.");
  d.option("replacement", &RedirectRegex::replacement, "The URL to redirect to; $1 and ${name} are captures.");
  d.option("permanent", &RedirectRegex::permanent, "Redirect with 301 or 308 instead of 302 or 307.");
}

void Headers::describe(Describer<Headers>& d) {
  constexpr const char* kUseRedirect = "the redirectScheme middleware or an entry point redirection";
  d.name("Headers");
  d.option("customRequestHeaders", &Headers::custom_request_headers, "Headers set on the request; empty removes.");
  d.option("customResponseHeaders", &Headers::custom_response_headers, "Headers set on the response; empty removes.");
  d.option("accessControlAllowCredentials", &Headers::access_control_allow_credentials, "CORS: allow credentials.");
  d.option("accessControlAllowHeaders", &Headers::access_control_allow_headers, "CORS: allowed request headers.");
  d.option("accessControlAllowMethods", &Headers::access_control_allow_methods, "CORS: allowed methods.");
  d.option("accessControlAllowOriginList", &Headers::access_control_allow_origin_list, "CORS: allowed origins, or *.");
  d.option("accessControlAllowOriginListRegex", &Headers::access_control_allow_origin_list_regex,
           "CORS: expressions of allowed origins.");
  d.option("accessControlExposeHeaders", &Headers::access_control_expose_headers, "CORS: headers scripts may read.");
  d.option("accessControlMaxAge", &Headers::access_control_max_age, "CORS: seconds a preflight answer may be kept.");
  d.option("addVaryHeader", &Headers::add_vary_header, "Add Origin to Vary.");
  d.option("allowedHosts", &Headers::allowed_hosts, "Hosts that are served; others get an error.");
  d.option("hostsProxyHeaders", &Headers::hosts_proxy_headers, "Headers that carry the host a proxy was asked for.");
  d.option("sslProxyHeaders", &Headers::ssl_proxy_headers, "Header values that say the request came over TLS.");
  d.option("stsSeconds", &Headers::sts_seconds, "max-age of Strict-Transport-Security; 0 sends none.");
  d.option("stsIncludeSubdomains", &Headers::sts_include_subdomains, "Strict-Transport-Security for subdomains too.");
  d.option("stsPreload", &Headers::sts_preload, "Add preload to Strict-Transport-Security.");
  d.option("forceSTSHeader", &Headers::force_sts_header, "Send Strict-Transport-Security over plaintext too.");
  d.option("frameDeny", &Headers::frame_deny, "Send X-Frame-Options: DENY.");
  d.option("customFrameOptionsValue", &Headers::custom_frame_options_value, "The value of X-Frame-Options.");
  d.option("contentTypeNosniff", &Headers::content_type_nosniff, "Send X-Content-Type-Options: nosniff.");
  d.option("browserXssFilter", &Headers::browser_xss_filter, "Send X-XSS-Protection: 1; mode=block.");
  d.option("customBrowserXSSValue", &Headers::custom_browser_xss_value, "The value of X-XSS-Protection.");
  d.option("contentSecurityPolicy", &Headers::content_security_policy, "The value of Content-Security-Policy.");
  d.option("contentSecurityPolicyReportOnly", &Headers::content_security_policy_report_only,
           "The value of Content-Security-Policy-Report-Only.");
  d.option("publicKey", &Headers::public_key, "The value of Public-Key-Pins.");
  d.option("referrerPolicy", &Headers::referrer_policy, "The value of Referrer-Policy.");
  d.option("permissionsPolicy", &Headers::permissions_policy, "The value of Permissions-Policy.");
  d.option("isDevelopment", &Headers::is_development, "Leave out allowedHosts and Strict-Transport-Security.");
  d.option("featurePolicy", &Headers::feature_policy, "Without effect.").deprecated("permissionsPolicy");
  d.option("sslRedirect", &Headers::ssl_redirect, "Without effect.").deprecated(kUseRedirect);
  d.option("sslTemporaryRedirect", &Headers::ssl_temporary_redirect, "Without effect.").deprecated(kUseRedirect);
  d.option("sslHost", &Headers::ssl_host, "Without effect.").deprecated("the redirectRegex middleware");
  d.option("sslForceHost", &Headers::ssl_force_host, "Without effect.").deprecated("the redirectRegex middleware");
}

void BasicAuth::describe(Describer<BasicAuth>& d) {
  d.name("BasicAuth");
  d.option("users", &BasicAuth::users, "Users as name:hash (APR1, SHA1 or bcrypt).").secret();
  d.option("usersFile", &BasicAuth::users_file, "A file with one name:hash a line.");
  d.option("realm", &BasicAuth::realm, "The realm browsers show.");
  d.option("removeHeader", &BasicAuth::remove_header, "Do not pass Authorization on.");
  d.option("headerField", &BasicAuth::header_field, "Request header that carries the user name upstream.");
}

void DigestAuth::describe(Describer<DigestAuth>& d) {
  d.name("DigestAuth");
  d.option("users", &DigestAuth::users, "Users as name:realm:hash.").secret();
  d.option("usersFile", &DigestAuth::users_file, "A file with one name:realm:hash a line.");
  d.option("realm", &DigestAuth::realm, "The realm browsers show.");
  d.option("removeHeader", &DigestAuth::remove_header, "Do not pass Authorization on.");
  d.option("headerField", &DigestAuth::header_field, "Request header that carries the user name upstream.");
}

void ForwardAuthTls::describe(Describer<ForwardAuthTls>& d) {
  d.name("ForwardAuthTls");
  d.option("ca", &ForwardAuthTls::ca, "Certificate authority that signs the server's certificate.");
  d.option("caOptional", &ForwardAuthTls::ca_optional, "Without effect.").deprecated("nothing: remove it");
  d.option("cert", &ForwardAuthTls::cert, "Client certificate.");
  d.option("key", &ForwardAuthTls::key, "Key of the client certificate.").secret();
  d.option("insecureSkipVerify", &ForwardAuthTls::insecure_skip_verify, "Accept any certificate.");
}

void ForwardAuth::describe(Describer<ForwardAuth>& d) {
  d.name("ForwardAuth");
  d.option("address", &ForwardAuth::address, "URL of the authentication server.");
  d.option("tls", &ForwardAuth::tls, "TLS towards the authentication server.");
  d.option("trustForwardHeader", &ForwardAuth::trust_forward_header, "Believe the X-Forwarded-* of the request.");
  d.option("authResponseHeaders", &ForwardAuth::auth_response_headers,
           "Headers copied from the answer of the authentication server to the request.");
  d.option("authResponseHeadersRegex", &ForwardAuth::auth_response_headers_regex,
           "Expression of the names of such headers.");
  d.option("authRequestHeaders", &ForwardAuth::auth_request_headers,
           "Headers sent to the authentication server; none: all.");
  d.option("addAuthCookiesToResponse", &ForwardAuth::add_auth_cookies_to_response,
           "Cookies of the authentication server that the client gets.");
  d.option("headerField", &ForwardAuth::header_field, "Header of the answer that holds the user name, for the log.");
  d.option("forwardBody", &ForwardAuth::forward_body, "Send the body to the authentication server.");
  d.option("maxBodySize", &ForwardAuth::max_body_size, "Largest body sent, in bytes; -1: no limit.");
  d.option("maxResponseBodySize", &ForwardAuth::max_response_body_size,
           "Largest answer taken from the authentication server, in bytes; -1: no limit.");
  d.option("preserveLocationHeader", &ForwardAuth::preserve_location_header, "Keep a relative Location as it is.");
  d.option("preserveRequestMethod", &ForwardAuth::preserve_request_method, "Ask with the method of the request.");
  d.option("authSigninURL", &ForwardAuth::auth_signin_url, "Where to redirect when the answer is 401.");
}

void IpStrategy::describe(Describer<IpStrategy>& d) {
  d.name("IpStrategy");
  d.option("depth", &IpStrategy::depth, "The n-th address of X-Forwarded-For from the right.");
  d.option("excludedIPs", &IpStrategy::excluded_ips, "Take the first address from the right that is not one of these.");
  d.option("ipv6Subnet", &IpStrategy::ipv6_subnet, "Bits of an IPv6 address that count.");
}

void SourceCriterion::describe(Describer<SourceCriterion>& d) {
  d.name("SourceCriterion");
  d.option("ipStrategy", &SourceCriterion::ip_strategy, "Requests of one address are one source.").allow_empty();
  d.option("requestHeaderName", &SourceCriterion::request_header_name,
           "Requests with one header value are one source.");
  d.option("requestHost", &SourceCriterion::request_host, "Requests for one host are one source.");
}

void IpAllowList::describe(Describer<IpAllowList>& d) {
  d.name("IpAllowList");
  d.option("sourceRange", &IpAllowList::source_range, "Addresses and networks that are let in.");
  d.option("ipStrategy", &IpAllowList::ip_strategy, "Which address is the client's.").allow_empty();
  d.option("rejectStatusCode", &IpAllowList::reject_status_code, "Status of a refusal.");
}

void IpWhiteList::describe(Describer<IpWhiteList>& d) {
  d.name("IpWhiteList");
  d.option("sourceRange", &IpWhiteList::source_range, "Addresses and networks that are let in.");
  d.option("ipStrategy", &IpWhiteList::ip_strategy, "Which address is the client's.").allow_empty();
}

void RateLimitRedis::describe(Describer<RateLimitRedis>& d) {
  d.name("RateLimitRedis");
  d.option("endpoints", &RateLimitRedis::endpoints, "Addresses of the Redis servers, or of some of a Redis cluster.");
  d.option("username", &RateLimitRedis::username, "User name.");
  d.option("password", &RateLimitRedis::password, "Password.").secret();
  d.option("db", &RateLimitRedis::db, "Number of the database.");
  d.option("tls", &RateLimitRedis::tls, "TLS towards Redis.");
  d.option("poolSize", &RateLimitRedis::pool_size, "Connections kept for each CPU.");
  d.option("minIdleConns", &RateLimitRedis::min_idle_conns, "Idle connections that are kept at least.");
  d.option("maxActiveConns", &RateLimitRedis::max_active_conns, "Most connections at a time; 0: no limit.");
  d.option("readTimeout", &RateLimitRedis::read_timeout, "Time for an answer.");
  d.option("writeTimeout", &RateLimitRedis::write_timeout, "Time for sending.");
  d.option("dialTimeout", &RateLimitRedis::dial_timeout, "Time for connecting.");
}

void RateLimit::describe(Describer<RateLimit>& d) {
  d.name("RateLimit");
  d.option("average", &RateLimit::average, "Requests a source may make in each period; 0: no limit.");
  d.option("period", &RateLimit::period, "The period of `average`.");
  d.option("burst", &RateLimit::burst, "Requests that may come at once.");
  d.option("sourceCriterion", &RateLimit::source_criterion, "What makes requests one source; the client address.");
  d.option("redis", &RateLimit::redis, "Share the buckets in Redis.");
}

void InFlightReq::describe(Describer<InFlightReq>& d) {
  d.name("InFlightReq");
  d.option("amount", &InFlightReq::amount, "Requests a source may have open at a time.");
  d.option("sourceCriterion", &InFlightReq::source_criterion, "What makes requests one source; the request host.");
}

void Buffering::describe(Describer<Buffering>& d) {
  d.name("Buffering");
  d.option("maxRequestBodyBytes", &Buffering::max_request_body_bytes, "Largest request body; 0: no limit.");
  d.option("memRequestBodyBytes", &Buffering::mem_request_body_bytes, "Request bytes kept in memory, not on disk.");
  d.option("maxResponseBodyBytes", &Buffering::max_response_body_bytes, "Largest response body; 0: no limit.");
  d.option("memResponseBodyBytes", &Buffering::mem_response_body_bytes, "Response bytes kept in memory, not on disk.");
  d.option("retryExpression", &Buffering::retry_expression, "Repeat the request while this is true.");
}

void CircuitBreaker::describe(Describer<CircuitBreaker>& d) {
  d.name("CircuitBreaker");
  d.option("expression", &CircuitBreaker::expression, "The condition that trips the breaker.");
  d.option("checkPeriod", &CircuitBreaker::check_period, "How often the condition is tested.");
  d.option("fallbackDuration", &CircuitBreaker::fallback_duration, "How long a tripped breaker refuses everything.");
  d.option("recoveryDuration", &CircuitBreaker::recovery_duration, "How long it then takes to let everything in.");
  d.option("responseCode", &CircuitBreaker::response_code, "Status of a refusal.");
}

void Compress::describe(Describer<Compress>& d) {
  d.name("Compress");
  d.option("encodings", &Compress::encodings, "Encodings offered, the preferred one first: gzip, br, zstd.");
  d.option("defaultEncoding", &Compress::default_encoding, "Encoding for clients that send no Accept-Encoding.");
  d.option("minResponseBodyBytes", &Compress::min_response_body_bytes, "Smaller responses are not compressed.");
  d.option("excludedContentTypes", &Compress::excluded_content_types, "Content types that are not compressed.");
  d.option("includedContentTypes", &Compress::included_content_types, "The only content types that are compressed.");
}

void ContentType::describe(Describer<ContentType>& d) {
  d.name("ContentType");
  d.option("autoDetect", &ContentType::auto_detect, "Without effect.")
      .deprecated("the presence of the contentType middleware");
}

void ErrorPages::describe(Describer<ErrorPages>& d) {
  d.name("ErrorPages");
  d.option("status", &ErrorPages::status, "Status codes and ranges that are replaced.");
  d.option("statusRewrites", &ErrorPages::status_rewrites, "The status sent instead, by code or range.");
  d.option("service", &ErrorPages::service, "The service that has the pages.");
  d.option("query", &ErrorPages::query, "Path of the page; {status}, {originalStatus} and {url} are replaced.");
  d.option("errorRequestHeaders", &ErrorPages::error_request_headers, "Request headers sent for the page; unset: all.");
}

void Retry::describe(Describer<Retry>& d) {
  d.name("Retry");
  d.option("attempts", &Retry::attempts, "Tries in all.");
  d.option("initialInterval", &Retry::initial_interval, "Pause before the second try; later ones grow.");
  d.option("timeout", &Retry::timeout, "Time for all tries; 0: no limit.");
  d.option("status", &Retry::status, "Status codes and ranges that are tried again.");
  d.option("maxRequestBodyBytes", &Retry::max_request_body_bytes, "Largest body kept for another try.");
  d.option("disableRetryOnNetworkError", &Retry::disable_retry_on_network_error, "Only try again for `status`.");
  d.option("retryNonIdempotentMethod", &Retry::retry_non_idempotent_method, "Try POST, PATCH and LOCK again too.");
}

void ClientCertIssuer::describe(Describer<ClientCertIssuer>& d) {
  d.name("ClientCertIssuer");
  d.option("country", &ClientCertIssuer::country, "Add C.");
  d.option("province", &ClientCertIssuer::province, "Add ST.");
  d.option("locality", &ClientCertIssuer::locality, "Add L.");
  d.option("organization", &ClientCertIssuer::organization, "Add O.");
  d.option("commonName", &ClientCertIssuer::common_name, "Add CN.");
  d.option("serialNumber", &ClientCertIssuer::serial_number, "Add SN.");
  d.option("domainComponent", &ClientCertIssuer::domain_component, "Add DC.");
}

void ClientCertSubject::describe(Describer<ClientCertSubject>& d) {
  d.name("ClientCertSubject");
  d.option("country", &ClientCertSubject::country, "Add C.");
  d.option("province", &ClientCertSubject::province, "Add ST.");
  d.option("locality", &ClientCertSubject::locality, "Add L.");
  d.option("organization", &ClientCertSubject::organization, "Add O.");
  d.option("organizationalUnit", &ClientCertSubject::organizational_unit, "Add OU.");
  d.option("commonName", &ClientCertSubject::common_name, "Add CN.");
  d.option("serialNumber", &ClientCertSubject::serial_number, "Add SN.");
  d.option("domainComponent", &ClientCertSubject::domain_component, "Add DC.");
}

void ClientCertInfo::describe(Describer<ClientCertInfo>& d) {
  d.name("ClientCertInfo");
  d.option("notAfter", &ClientCertInfo::not_after, "Add the end of validity.");
  d.option("notBefore", &ClientCertInfo::not_before, "Add the start of validity.");
  d.option("sans", &ClientCertInfo::sans, "Add the alternative names.");
  d.option("serialNumber", &ClientCertInfo::serial_number, "Add the serial number.");
  d.option("subject", &ClientCertInfo::subject, "Parts of the subject to add.");
  d.option("issuer", &ClientCertInfo::issuer, "Parts of the issuer to add.");
}

void PassTlsClientCert::describe(Describer<PassTlsClientCert>& d) {
  d.name("PassTlsClientCert");
  d.option("pem", &PassTlsClientCert::pem, "Pass the certificates in X-Forwarded-Tls-Client-Cert.");
  d.option("info", &PassTlsClientCert::info, "Pass details in X-Forwarded-Tls-Client-Cert-Info.");
}

void GrpcWeb::describe(Describer<GrpcWeb>& d) {
  d.name("GrpcWeb");
  d.option("allowOrigins", &GrpcWeb::allow_origins, "Origins that may call, or *.");
}

void Chain::describe(Describer<Chain>& d) {
  d.name("Chain");
  d.option("middlewares", &Chain::middlewares, "Middlewares, the outermost first.");
}

void EncodedCharacters::describe(Describer<EncodedCharacters>& d) {
  d.name("EncodedCharacters");
  d.option("allowEncodedSlash", &EncodedCharacters::allow_encoded_slash, "Allow %2F in the path.");
  d.option("allowEncodedBackSlash", &EncodedCharacters::allow_encoded_back_slash, "Allow %5C in the path.");
  d.option("allowEncodedNullCharacter", &EncodedCharacters::allow_encoded_null_character, "Allow %00 in the path.");
  d.option("allowEncodedSemicolon", &EncodedCharacters::allow_encoded_semicolon, "Allow %3B in the path.");
  d.option("allowEncodedPercent", &EncodedCharacters::allow_encoded_percent, "Allow %25 in the path.");
  d.option("allowEncodedQuestionMark", &EncodedCharacters::allow_encoded_question_mark, "Allow %3F in the path.");
  d.option("allowEncodedHash", &EncodedCharacters::allow_encoded_hash, "Allow %23 in the path.");
}

void TcpInFlightConn::describe(Describer<TcpInFlightConn>& d) {
  d.name("TcpInFlightConn");
  d.option("amount", &TcpInFlightConn::amount, "Connections one client address may have at a time.");
}

void TcpIpAllowList::describe(Describer<TcpIpAllowList>& d) {
  d.name("TcpIpAllowList");
  d.option("sourceRange", &TcpIpAllowList::source_range, "Addresses and networks that are let in.");
}

}  // namespace sluice::config
