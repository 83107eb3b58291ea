// shared_options.h: groups of options that appear in several places of the static and the dynamic configuration.
#pragma once

#include <string>
#include <vector>

#include "config/described.h"

namespace sluice::config {

// How a client of ours (a provider, an authentication server, Redis) speaks TLS.
struct ClientTls {
  std::string ca;
  std::string cert;
  std::string key;
  bool insecure_skip_verify = false;
  static void describe(Describer<ClientTls>& describer);
  friend bool operator==(const ClientTls&, const ClientTls&) = default;
};

// A certificate to obtain: its main name and further names.
struct Domain {
  std::string main;
  std::vector<std::string> sans;
  static void describe(Describer<Domain>& describer);
  friend bool operator==(const Domain&, const Domain&) = default;
};

struct Spiffe {
  std::vector<std::string> ids;
  std::string trust_domain;
  static void describe(Describer<Spiffe>& describer);
  friend bool operator==(const Spiffe&, const Spiffe&) = default;
};

struct CertificateFiles {
  std::string cert_file;  // a path, or the PEM text itself
  std::string key_file;
  static void describe(Describer<CertificateFiles>& describer);
  friend bool operator==(const CertificateFiles&, const CertificateFiles&) = default;
};

struct PeerCertSan {
  std::string type;
  std::string value;
  static void describe(Describer<PeerCertSan>& describer);
  friend bool operator==(const PeerCertSan&, const PeerCertSan&) = default;
};

}  // namespace sluice::config
