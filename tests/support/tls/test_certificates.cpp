#include "support/tls/test_certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/encoding.h"
#include "base/result.h"

namespace sluice::test {
namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  auto size = static_cast<std::size_t>(BIO_get_mem_data(bio, &data));
  std::string text(data, size);
  BIO_free(bio);
  return text;
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  SLUICE_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

Pem make_certificate(const CertificateForm& form, const Pem* issuer) {
  EVP_PKEY* key = form.key == CertificateForm::Key::ecdsa ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
  X509* certificate = X509_new();
  X509* issuer_certificate = certificate;
  EVP_PKEY* issuer_key = key;
  if (issuer != nullptr) {
    BIO* bio = BIO_new_mem_buf(issuer->certificate.data(), static_cast<int>(issuer->certificate.size()));
    issuer_certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    bio = BIO_new_mem_buf(issuer->key.data(), static_cast<int>(issuer->key.size()));
    issuer_key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
  }
  std::int64_t now = std::time(nullptr);
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), random_u64() >> 1);
  ASN1_TIME_set(X509_getm_notBefore(certificate), now + form.from);
  ASN1_TIME_set(X509_getm_notAfter(certificate), now + form.until);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* name = reinterpret_cast<const unsigned char*>(form.common_name.c_str());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer_certificate));
  std::string names;
  for (const std::string& one : form.names) names += (names.empty() ? "" : ",") + one;
  if (!names.empty()) extend(certificate, issuer_certificate, NID_subject_alt_name, names);
  extend(certificate, issuer_certificate, NID_basic_constraints, form.authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!form.usage.empty()) extend(certificate, issuer_certificate, NID_ext_key_usage, form.usage);
  SLUICE_CHECK(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);

  Pem pem;
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  pem.certificate = text_of(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  pem.key = text_of(bio);
  if (issuer != nullptr) {
    X509_free(issuer_certificate);
    EVP_PKEY_free(issuer_key);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pem;
}

Pem certificate_for(std::vector<std::string> dns_names, const Pem* issuer) {
  CertificateForm form;
  for (const std::string& name : dns_names) form.names.push_back("DNS:" + name);
  return make_certificate(form, issuer);
}

Pem make_authority() {
  CertificateForm form;
  form.authority = true;
  form.usage.clear();
  form.common_name = "authority " + random_hex(8);  // no two of one name: the chain would be built by name
  return make_certificate(form);
}

}  // namespace sluice::test
