#include "tls/certificate_facts.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>

#include "base/ip.h"
#include "tls/native.h"

namespace sluice::tls {
namespace {

std::string utf8(const ASN1_STRING* text) {
  unsigned char* bytes = nullptr;
  int size = ASN1_STRING_to_UTF8(&bytes, text);
  if (size < 0) {
    ERR_clear_error();
    return {};
  }
  std::string result(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return result;
}

std::string_view raw(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

DistinguishedName name_of(const X509_NAME* name) {
  DistinguishedName result;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    std::string value = utf8(X509_NAME_ENTRY_get_data(entry));
    switch (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))) {
      case NID_domainComponent: result.domain_components.push_back(std::move(value)); break;
      case NID_countryName: result.countries.push_back(std::move(value)); break;
      case NID_stateOrProvinceName: result.provinces.push_back(std::move(value)); break;
      case NID_localityName: result.localities.push_back(std::move(value)); break;
      case NID_organizationName: result.organizations.push_back(std::move(value)); break;
      case NID_organizationalUnitName: result.organizational_units.push_back(std::move(value)); break;
      case NID_serialNumber: result.serial_number = std::move(value); break;
      case NID_commonName: result.common_name = std::move(value); break;
      default: break;
    }
  }
  return result;
}

std::string address_text(std::string_view bytes) {
  if (bytes.size() == 4) {
    std::uint32_t address = 0;
    for (char c : bytes) address = address << 8 | static_cast<unsigned char>(c);
    return IpAddress::v4(address).to_string();
  }
  std::array<std::uint8_t, 16> address{};
  if (bytes.size() != address.size()) return {};
  for (std::size_t i = 0; i < address.size(); ++i) address[i] = static_cast<std::uint8_t>(bytes[i]);
  return IpAddress::v6(address).to_string();
}

std::vector<std::string> alternative_names(const X509* certificate) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int kind : {GEN_DNS, GEN_EMAIL, GEN_IPADD, GEN_URI}) {
    for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
      const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
      if (name->type != kind) continue;
      std::string text = kind == GEN_IPADD ? address_text(raw(name->d.iPAddress)) : std::string(raw(name->d.ia5));
      if (!text.empty()) names.push_back(std::move(text));
    }
  }
  GENERAL_NAMES_free(all);
  return names;
}

std::string decimal(const ASN1_INTEGER* number) {
  BIGNUM* value = ASN1_INTEGER_to_BN(number, nullptr);
  char* text = value == nullptr ? nullptr : BN_bn2dec(value);
  std::string result = text == nullptr ? "" : text;
  OPENSSL_free(text);
  BN_free(value);
  return result;
}

}  // namespace

std::optional<CertificateFacts> CertificateFacts::of(std::string_view der) {
  Native<x509_st> certificate = read_certificate(der);
  if (certificate == nullptr) return std::nullopt;
  CertificateFacts facts;
  facts.subject = name_of(X509_get_subject_name(certificate.get()));
  facts.issuer = name_of(X509_get_issuer_name(certificate.get()));
  facts.serial_number = decimal(X509_get0_serialNumber(certificate.get()));
  facts.not_before = unix_time(X509_get0_notBefore(certificate.get()));
  facts.not_after = unix_time(X509_get0_notAfter(certificate.get()));
  facts.names = alternative_names(certificate.get());
  return facts;
}

}  // namespace sluice::tls
