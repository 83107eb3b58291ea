// certificate_facts.h: what a certificate says about its holder and its issuer, for those who pass it on. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::tls {

// Values as in the certificate, in UTF-8, in their order.
struct DistinguishedName {
  std::vector<std::string> domain_components;
  std::vector<std::string> countries;
  std::vector<std::string> provinces;
  std::vector<std::string> localities;
  std::vector<std::string> organizations;
  std::vector<std::string> organizational_units;
  std::string serial_number;  // the last one, as of all that a name should have once
  std::string common_name;
};

struct CertificateFacts {
  DistinguishedName subject;
  DistinguishedName issuer;
  std::string serial_number;    // decimal
  std::int64_t not_before = 0;  // Unix time in seconds
  std::int64_t not_after = 0;
  std::vector<std::string> names;  // alternative ones: DNS, e-mail, IP addresses, URIs

  // Nothing when it is no certificate.
  static std::optional<CertificateFacts> of(std::string_view der);
};

}  // namespace sluice::tls
