// dynamic_tls.h: the `tls` section of the dynamic configuration: certificates, options, stores.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/described.h"
#include "config/problem.h"
#include "config/shared_options.h"

namespace sluice::config {

struct TlsCertificate {
  std::string cert_file;  // a path, or the PEM text itself
  std::string key_file;
  std::vector<std::string> stores;  // only "default" has a meaning
  DefinedAt source;
  static void describe(Describer<TlsCertificate>& describer);
  friend bool operator==(const TlsCertificate&, const TlsCertificate&) = default;
};

struct ClientAuth {
  std::vector<std::string> ca_files;
  std::string client_auth_type;
  static void describe(Describer<ClientAuth>& describer);
  friend bool operator==(const ClientAuth&, const ClientAuth&) = default;
};

struct TlsOptions {
  std::string min_version;
  std::string max_version;
  std::vector<std::string> cipher_suites;
  std::vector<std::string> curve_preferences;
  ClientAuth client_auth;
  bool sni_strict = false;
  std::vector<std::string> alpn_protocols{"h2", "http/1.1", "acme-tls/1"};
  bool disable_session_tickets = false;
  std::optional<bool> prefer_server_cipher_suites;  // deprecated
  DefinedAt source;
  static void describe(Describer<TlsOptions>& describer);
  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

struct GeneratedCert {
  std::string resolver;
  std::optional<Domain> domain;
  static void describe(Describer<GeneratedCert>& describer);
  friend bool operator==(const GeneratedCert&, const GeneratedCert&) = default;
};

struct TlsStore {
  std::optional<CertificateFiles> default_certificate;
  std::optional<GeneratedCert> default_generated_cert;
  DefinedAt source;
  static void describe(Describer<TlsStore>& describer);
  friend bool operator==(const TlsStore&, const TlsStore&) = default;
};

struct Tls {
  std::vector<TlsCertificate> certificates;
  std::map<std::string, TlsOptions> options;
  std::map<std::string, TlsStore> stores;
  static void describe(Describer<Tls>& describer);
  friend bool operator==(const Tls&, const Tls&) = default;
};

}  // namespace sluice::config
