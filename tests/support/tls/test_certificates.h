// test_certificates.h: certificates and authorities for tests, made in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::test {

struct Pem {
  std::string certificate;
  std::string key;
};

struct CertificateForm {
  std::vector<std::string> names;  // "DNS:a.example", "IP:192.0.2.1", "URI:spiffe://a/b"
  enum class Key : std::uint8_t { ecdsa, rsa } key = Key::ecdsa;
  std::int64_t from = -3600;  // seconds from now
  std::int64_t until = 3600 * 24;
  bool authority = false;
  std::string usage = "serverAuth,clientAuth";  // extendedKeyUsage; empty: none
  std::string common_name = "test";
};

// Signed by `issuer`, or by itself if there is none.
Pem make_certificate(const CertificateForm& form, const Pem* issuer = nullptr);

// The shortest: for these DNS names.
Pem certificate_for(std::vector<std::string> dns_names, const Pem* issuer = nullptr);
Pem make_authority();

}  // namespace sluice::test
