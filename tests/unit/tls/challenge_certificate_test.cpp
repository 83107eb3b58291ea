#include "tls/challenge_certificate.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "support/catch.h"
#include "tls/digest.h"

using namespace sluice;
using namespace sluice::tls;

namespace {

// The certificate as a session serves it.
struct Served {
  explicit Served(const std::string& identifier) {
    ChallengeCertificate made = ChallengeCertificate::make(identifier, "token.thumbprint");
    REQUIRE(made.certificates->find(identifier, 0).empty());
    CertificateIndex::Choice choice;
    choice.certificates[0] = &made.certificates->fallback();
    session = made.context->session(choice);
    REQUIRE(session != nullptr);
    certificate = SSL_get_certificate(session.get());
    REQUIRE(certificate != nullptr);
  }
  Native<ssl_st> session;
  X509* certificate = nullptr;
};

std::vector<std::pair<int, std::string>> names(X509* certificate) {
  std::vector<std::pair<int, std::string>> found;
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    const ASN1_STRING* text = name->d.ia5;
    found.emplace_back(name->type, std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                               static_cast<std::size_t>(ASN1_STRING_length(text))));
  }
  GENERAL_NAMES_free(all);
  return found;
}

}  // namespace

TEST_CASE("a challenge certificate has one name and the digest in a critical extension, once") {
  Served served("app.test");
  X509* certificate = served.certificate;
  CHECK(names(certificate) == std::vector<std::pair<int, std::string>>{{GEN_DNS, "app.test"}});
  ASN1_OBJECT* kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
  int at = X509_get_ext_by_OBJ(certificate, kind, -1);
  REQUIRE(at >= 0);
  CHECK(X509_get_ext_by_OBJ(certificate, kind, at) < 0);
  ASN1_OBJECT_free(kind);
  X509_EXTENSION* extension = X509_get_ext(certificate, at);
  CHECK(X509_EXTENSION_get_critical(extension) == 1);
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension);
  std::string content(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                      static_cast<std::size_t>(ASN1_STRING_length(value)));
  CHECK(content == std::string("\x04\x20") + sha256("token.thumbprint"));
}

TEST_CASE("a challenge certificate is signed by itself with P-256, and good now") {
  Served served("app.test");
  X509* certificate = served.certificate;
  CHECK(X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0);
  CHECK(X509_verify(certificate, X509_get0_pubkey(certificate)) == 1);
  char group[16] = {};
  std::size_t size = 0;
  CHECK(EVP_PKEY_get_group_name(X509_get0_pubkey(certificate), group, sizeof group, &size) == 1);
  CHECK(std::string(group) == "prime256v1");
  CHECK(X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0);
  CHECK(X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0);
}

TEST_CASE("the certificate of an address has the address, and is asked for by the reverse name") {
  CHECK(names(Served("192.0.2.7").certificate) ==
        std::vector<std::pair<int, std::string>>{{GEN_IPADD, std::string("\xc0\x00\x02\x07", 4)}});
  CHECK(challenge_server_name("192.0.2.7") == "7.2.0.192.in-addr.arpa");
  CHECK(challenge_server_name("2001:db8::1") ==
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  CHECK(challenge_server_name("App.Test.") == "app.test");
  CHECK(challenge_server_name("no host").empty());
  CHECK(challenge_server_name("a.test,DNS:b.test").empty());
}
