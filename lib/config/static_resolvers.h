// static_resolvers.h: `certificatesResolvers.<name>` of the static configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/described.h"
#include "config/problem.h"

namespace sluice::config {

struct ExternalAccountBinding {
  std::string kid;
  std::string hmac_encoded;  // base64url without padding
  static void describe(Describer<ExternalAccountBinding>& describer);
  friend bool operator==(const ExternalAccountBinding&, const ExternalAccountBinding&) = default;
};

struct HttpChallenge {
  std::string entry_point;
  Duration delay{0};
  static void describe(Describer<HttpChallenge>& describer);
  friend bool operator==(const HttpChallenge&, const HttpChallenge&) = default;
};

struct TlsChallenge {
  Duration delay{0};
  static void describe(Describer<TlsChallenge>& describer);
  friend bool operator==(const TlsChallenge&, const TlsChallenge&) = default;
};

struct DnsPropagation {
  bool disable_checks = false;
  bool disable_ans_checks = false;
  bool require_all_rns = false;
  Duration delay_before_checks{0};
  static void describe(Describer<DnsPropagation>& describer);
  friend bool operator==(const DnsPropagation&, const DnsPropagation&) = default;
};

struct DnsChallenge {
  std::string provider;
  std::vector<std::string> resolvers;
  std::optional<DnsPropagation> propagation;
  Duration delay_before_check{0};          // deprecated
  bool disable_propagation_check = false;  // deprecated
  static void describe(Describer<DnsChallenge>& describer);
  friend bool operator==(const DnsChallenge&, const DnsChallenge&) = default;
};

// A CA that is asked when those before it do not answer.
struct FallbackCa {
  std::string ca_server;
  std::optional<ExternalAccountBinding> eab;
  static void describe(Describer<FallbackCa>& describer);
  friend bool operator==(const FallbackCa&, const FallbackCa&) = default;
};

// Whom the resolver tells what becomes of its certificates: a program or a web service.
struct AcmeHook {
  std::vector<std::string> exec;  // the program and its arguments
  std::string webhook;
  std::vector<std::string> events;  // none: all
  Duration timeout = 30s;
  static void describe(Describer<AcmeHook>& describer);
  friend bool operator==(const AcmeHook&, const AcmeHook&) = default;
};

// Certificates for names that no router names, obtained when a client asks for one.
struct OnDemand {
  std::vector<std::string> allow;  // names and wildcards; none: `ask` decides alone
  std::string ask;                 // URL of a service that says whether a name may have one
  std::int64_t limit = 60;         // new names an hour
  std::int64_t client_limit = 10;  // names one client may bring up in an hour
  static void describe(Describer<OnDemand>& describer);
  friend bool operator==(const OnDemand&, const OnDemand&) = default;
};

struct Acme {
  std::string email;
  std::string ca_server = "https://acme-v02.api.letsencrypt.org/directory";
  std::string preferred_chain;
  std::string profile;
  std::vector<std::string> email_addresses;
  bool disable_common_name = false;
  std::string storage = "acme.json";
  std::string key_type = "RSA4096";
  std::string second_key_type;  // Sluice's own; empty: one certificate per name
  std::optional<ExternalAccountBinding> eab;
  std::int64_t certificates_duration = 2160;  // hours
  Duration client_timeout = 2min;
  Duration client_response_header_timeout = 30s;
  Duration certificate_timeout = 30s;
  std::vector<std::string> ca_certificates;
  bool ca_system_cert_pool = false;
  std::string ca_server_name;
  std::optional<HttpChallenge> http_challenge;
  std::optional<TlsChallenge> tls_challenge;
  std::optional<DnsChallenge> dns_challenge;
  std::vector<FallbackCa> fallback;  // Sluice's own, as the following
  bool self_check = true;
  bool partial = false;
  bool profile_mandatory = true;
  bool reuse_private_key = false;
  std::vector<AcmeHook> hooks;
  std::optional<OnDemand> on_demand;
  static void describe(Describer<Acme>& describer);
  friend bool operator==(const Acme&, const Acme&) = default;
};

struct Tailscale {
  static void describe(Describer<Tailscale>& describer);
  friend bool operator==(const Tailscale&, const Tailscale&) = default;
};

struct CertificateResolver {
  std::optional<Acme> acme;
  std::optional<Tailscale> tailscale;
  DefinedAt source;
  static void describe(Describer<CertificateResolver>& describer);
  friend bool operator==(const CertificateResolver&, const CertificateResolver&) = default;
};

}  // namespace sluice::config
