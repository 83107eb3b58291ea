// middleware_options.h: the options of every HTTP and TCP middleware, as Traefik names them. Plain values; the defaults
// are the member initialisers, and absent options stay at them.
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

struct AddPrefix {
  std::string prefix;
  static void describe(Describer<AddPrefix>& describer);
  friend bool operator==(const AddPrefix&, const AddPrefix&) = default;
};

struct StripPrefix {
  std::vector<std::string> prefixes;
  bool force_slash = false;  // deprecated
  static void describe(Describer<StripPrefix>& describer);
  friend bool operator==(const StripPrefix&, const StripPrefix&) = default;
};

struct StripPrefixRegex {
  std::vector<std::string> regex;
  static void describe(Describer<StripPrefixRegex>& describer);
  friend bool operator==(const StripPrefixRegex&, const StripPrefixRegex&) = default;
};

struct ReplacePath {
  std::string path;
  static void describe(Describer<ReplacePath>& describer);
  friend bool operator==(const ReplacePath&, const ReplacePath&) = default;
};

struct ReplacePathRegex {
  std::string regex;
  std::string replacement;
  static void describe(Describer<ReplacePathRegex>& describer);
  friend bool operator==(const ReplacePathRegex&, const ReplacePathRegex&) = default;
};

struct RedirectScheme {
  std::string scheme;
  std::string port;
  bool permanent = false;
  static void describe(Describer<RedirectScheme>& describer);
  friend bool operator==(const RedirectScheme&, const RedirectScheme&) = default;
};

struct RedirectRegex {
  std::string regex;
  std::string replacement;
  bool permanent = false;
  static void describe(Describer<RedirectRegex>& describer);
  friend bool operator==(const RedirectRegex&, const RedirectRegex&) = default;
};

struct Headers {
  std::map<std::string, std::string> custom_request_headers;   // an empty value deletes
  std::map<std::string, std::string> custom_response_headers;  // an empty value deletes
  bool access_control_allow_credentials = false;
  std::vector<std::string> access_control_allow_headers;
  std::vector<std::string> access_control_allow_methods;
  std::vector<std::string> access_control_allow_origin_list;
  std::vector<std::string> access_control_allow_origin_list_regex;
  std::vector<std::string> access_control_expose_headers;
  std::optional<std::int64_t> access_control_max_age;
  bool add_vary_header = false;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> hosts_proxy_headers;
  std::map<std::string, std::string> ssl_proxy_headers;
  std::int64_t sts_seconds = 0;
  bool sts_include_subdomains = false;
  bool sts_preload = false;
  bool force_sts_header = false;
  bool frame_deny = false;
  std::string custom_frame_options_value;
  bool content_type_nosniff = false;
  bool browser_xss_filter = false;
  std::string custom_browser_xss_value;
  std::string content_security_policy;
  std::string content_security_policy_report_only;
  std::string public_key;
  std::string referrer_policy;
  std::string permissions_policy;
  bool is_development = false;
  // Deprecated, accepted, without effect.
  std::string feature_policy;
  bool ssl_redirect = false;
  bool ssl_temporary_redirect = false;
  std::string ssl_host;
  bool ssl_force_host = false;
  static void describe(Describer<Headers>& describer);
  friend bool operator==(const Headers&, const Headers&) = default;
};

struct BasicAuth {
  std::vector<std::string> users;  // name:hash
  std::string users_file;
  std::string realm = "traefik";
  bool remove_header = false;
  std::string header_field;
  static void describe(Describer<BasicAuth>& describer);
  friend bool operator==(const BasicAuth&, const BasicAuth&) = default;
};

struct DigestAuth {
  std::vector<std::string> users;  // name:realm:md5
  std::string users_file;
  std::string realm = "traefik";
  bool remove_header = false;
  std::string header_field;
  static void describe(Describer<DigestAuth>& describer);
  friend bool operator==(const DigestAuth&, const DigestAuth&) = default;
};

struct ForwardAuthTls {
  std::string ca;
  bool ca_optional = false;  // deprecated
  std::string cert;
  std::string key;
  bool insecure_skip_verify = false;
  static void describe(Describer<ForwardAuthTls>& describer);
  friend bool operator==(const ForwardAuthTls&, const ForwardAuthTls&) = default;
};

struct ForwardAuth {
  std::string address;
  std::optional<ForwardAuthTls> tls;
  std::optional<bool> trust_forward_header;  // three states: unset keeps the behaviour of Traefik before 3.6.14
  std::vector<std::string> auth_response_headers;
  std::string auth_response_headers_regex;
  std::vector<std::string> auth_request_headers;
  std::vector<std::string> add_auth_cookies_to_response;
  std::string header_field;
  bool forward_body = false;
  std::int64_t max_body_size = -1;
  std::int64_t max_response_body_size = -1;
  bool preserve_location_header = false;
  bool preserve_request_method = false;
  std::string auth_signin_url;
  static void describe(Describer<ForwardAuth>& describer);
  friend bool operator==(const ForwardAuth&, const ForwardAuth&) = default;
};

struct IpStrategy {
  std::int64_t depth = 0;
  std::vector<std::string> excluded_ips;
  std::optional<std::int64_t> ipv6_subnet;
  static void describe(Describer<IpStrategy>& describer);
  friend bool operator==(const IpStrategy&, const IpStrategy&) = default;
};

struct SourceCriterion {
  std::optional<IpStrategy> ip_strategy;
  std::string request_header_name;
  bool request_host = false;
  static void describe(Describer<SourceCriterion>& describer);
  friend bool operator==(const SourceCriterion&, const SourceCriterion&) = default;
};

struct IpAllowList {
  std::vector<std::string> source_range;
  std::optional<IpStrategy> ip_strategy;
  std::int64_t reject_status_code = 403;
  static void describe(Describer<IpAllowList>& describer);
  friend bool operator==(const IpAllowList&, const IpAllowList&) = default;
};

// Deprecated spelling of ipAllowList.
struct IpWhiteList {
  std::vector<std::string> source_range;
  std::optional<IpStrategy> ip_strategy;
  static void describe(Describer<IpWhiteList>& describer);
  friend bool operator==(const IpWhiteList&, const IpWhiteList&) = default;
};

struct RateLimitRedis {
  std::vector<std::string> endpoints{"localhost:6379"};
  std::string username;
  std::string password;
  std::int64_t db = 0;
  std::optional<ClientTls> tls;
  std::int64_t pool_size = 0;
  std::int64_t min_idle_conns = 0;
  std::int64_t max_active_conns = 0;
  Duration read_timeout = 3s;
  Duration write_timeout = 3s;
  Duration dial_timeout = 5s;
  static void describe(Describer<RateLimitRedis>& describer);
  friend bool operator==(const RateLimitRedis&, const RateLimitRedis&) = default;
};

struct RateLimit {
  std::int64_t average = 0;
  Duration period = 1s;
  std::int64_t burst = 1;
  std::optional<SourceCriterion> source_criterion;
  std::optional<RateLimitRedis> redis;
  static void describe(Describer<RateLimit>& describer);
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

struct InFlightReq {
  std::int64_t amount = 0;
  std::optional<SourceCriterion> source_criterion;
  static void describe(Describer<InFlightReq>& describer);
  friend bool operator==(const InFlightReq&, const InFlightReq&) = default;
};

struct Buffering {
  std::int64_t max_request_body_bytes = 0;
  std::int64_t mem_request_body_bytes = 1048576;
  std::int64_t max_response_body_bytes = 0;
  std::int64_t mem_response_body_bytes = 1048576;
  std::string retry_expression;
  static void describe(Describer<Buffering>& describer);
  friend bool operator==(const Buffering&, const Buffering&) = default;
};

struct CircuitBreaker {
  std::string expression;
  Duration check_period = 100ms;
  Duration fallback_duration = 10s;
  Duration recovery_duration = 10s;
  std::int64_t response_code = 503;
  static void describe(Describer<CircuitBreaker>& describer);
  friend bool operator==(const CircuitBreaker&, const CircuitBreaker&) = default;
};

struct Compress {
  std::vector<std::string> encodings{"gzip", "br", "zstd"};
  std::string default_encoding;
  std::int64_t min_response_body_bytes = 1024;
  std::vector<std::string> excluded_content_types;
  std::vector<std::string> included_content_types;
  static void describe(Describer<Compress>& describer);
  friend bool operator==(const Compress&, const Compress&) = default;
};

struct ContentType {
  std::optional<bool> auto_detect;  // deprecated
  static void describe(Describer<ContentType>& describer);
  friend bool operator==(const ContentType&, const ContentType&) = default;
};

struct ErrorPages {
  std::vector<std::string> status;
  std::map<std::string, std::int64_t> status_rewrites;
  std::string service;
  std::string query;
  std::optional<std::vector<std::string>> error_request_headers;  // unset: all headers are sent
  static void describe(Describer<ErrorPages>& describer);
  friend bool operator==(const ErrorPages&, const ErrorPages&) = default;
};

struct Retry {
  std::int64_t attempts = 0;
  Duration initial_interval{0};
  Duration timeout{0};
  std::vector<std::string> status;
  std::int64_t max_request_body_bytes = 2097152;
  bool disable_retry_on_network_error = false;
  bool retry_non_idempotent_method = false;
  static void describe(Describer<Retry>& describer);
  friend bool operator==(const Retry&, const Retry&) = default;
};

struct ClientCertIssuer {
  bool country = false;
  bool province = false;
  bool locality = false;
  bool organization = false;
  bool common_name = false;
  bool serial_number = false;
  bool domain_component = false;
  static void describe(Describer<ClientCertIssuer>& describer);
  friend bool operator==(const ClientCertIssuer&, const ClientCertIssuer&) = default;
};

struct ClientCertSubject {
  bool country = false;
  bool province = false;
  bool locality = false;
  bool organization = false;
  bool organizational_unit = false;
  bool common_name = false;
  bool serial_number = false;
  bool domain_component = false;
  static void describe(Describer<ClientCertSubject>& describer);
  friend bool operator==(const ClientCertSubject&, const ClientCertSubject&) = default;
};

struct ClientCertInfo {
  bool not_after = false;
  bool not_before = false;
  bool sans = false;
  bool serial_number = false;
  std::optional<ClientCertSubject> subject;
  std::optional<ClientCertIssuer> issuer;
  static void describe(Describer<ClientCertInfo>& describer);
  friend bool operator==(const ClientCertInfo&, const ClientCertInfo&) = default;
};

struct PassTlsClientCert {
  bool pem = false;
  std::optional<ClientCertInfo> info;
  static void describe(Describer<PassTlsClientCert>& describer);
  friend bool operator==(const PassTlsClientCert&, const PassTlsClientCert&) = default;
};

struct GrpcWeb {
  std::vector<std::string> allow_origins;
  static void describe(Describer<GrpcWeb>& describer);
  friend bool operator==(const GrpcWeb&, const GrpcWeb&) = default;
};

struct Chain {
  std::vector<std::string> middlewares;
  static void describe(Describer<Chain>& describer);
  friend bool operator==(const Chain&, const Chain&) = default;
};

// The middleware; the entry point's option of the same name allows everything by default (entry_point.h).
struct EncodedCharacters {
  bool allow_encoded_slash = false;
  bool allow_encoded_back_slash = false;
  bool allow_encoded_null_character = false;
  bool allow_encoded_semicolon = false;
  bool allow_encoded_percent = false;
  bool allow_encoded_question_mark = false;
  bool allow_encoded_hash = false;
  static void describe(Describer<EncodedCharacters>& describer);
  friend bool operator==(const EncodedCharacters&, const EncodedCharacters&) = default;
};

struct TcpInFlightConn {
  std::int64_t amount = 0;
  static void describe(Describer<TcpInFlightConn>& describer);
  friend bool operator==(const TcpInFlightConn&, const TcpInFlightConn&) = default;
};

struct TcpIpAllowList {
  std::vector<std::string> source_range;
  static void describe(Describer<TcpIpAllowList>& describer);
  friend bool operator==(const TcpIpAllowList&, const TcpIpAllowList&) = default;
};

}  // namespace sluice::config
