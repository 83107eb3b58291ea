#include "tls/challenge_certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/encoding.h"
#include "base/ip.h"
#include "tls/client_hello.h"
#include "tls/digest.h"
#include "tls/native.h"

namespace sluice::tls {
namespace {

// id-pe-acmeIdentifier (RFC 8737 §6.1).
constexpr const char* kIdentifierExtension = "1.3.6.1.5.5.7.1.31";
constexpr std::int64_t kSeconds = 7L * 24 * 3600;

// The digest as the content of the extension: an OCTET STRING of 32 bytes (RFC 8737 §3).
bool add_digest(X509* certificate, std::string_view key_authorization) {
  std::string content = std::string("\x04\x20") + sha256(key_authorization);
  ASN1_OBJECT* kind = OBJ_txt2obj(kIdentifierExtension, 1);
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  bool good = kind != nullptr && value != nullptr &&
              ASN1_OCTET_STRING_set(value, reinterpret_cast<const unsigned char*>(content.data()),
                                    static_cast<int>(content.size())) == 1;
  X509_EXTENSION* extension = good ? X509_EXTENSION_create_by_OBJ(nullptr, kind, 1, value) : nullptr;
  good = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(value);
  ASN1_OBJECT_free(kind);
  return good;
}

// Exactly one name of the right kind: validators refuse any other (RFC 8737 §3, RFC 8738 §6).
bool add_name(X509* certificate, const std::string& identifier) {
  bool address = IpAddress::parse(identifier).ok();
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  std::string value = (address ? "IP:" : "DNS:") + identifier;
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, value.c_str());
  bool good = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return good;
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::shared_ptr<const Certificate> make_certificate(const std::string& identifier, std::string_view key_authorization) {
  Native<evp_pkey_st> key(EVP_EC_gen("P-256"));
  Native<x509_st> own(X509_new());
  SLUICE_CHECK(key != nullptr && own != nullptr);
  X509* certificate = own.get();
  std::int64_t now = std::time(nullptr);
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>("ACME challenge");
  bool good = X509_set_version(certificate, X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), random_u64() >> 1) == 1 &&
              ASN1_TIME_set(X509_getm_notBefore(certificate), now - 3600) != nullptr &&
              ASN1_TIME_set(X509_getm_notAfter(certificate), now + kSeconds) != nullptr &&
              X509_set_pubkey(certificate, key.get()) == 1 &&
              X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
              X509_set_issuer_name(certificate, subject) == 1 && add_name(certificate, identifier) &&
              add_digest(certificate, key_authorization) && X509_sign(certificate, key.get(), EVP_sha256()) > 0;
  Native<bio_st> chain(BIO_new(BIO_s_mem()));
  Native<bio_st> secret(BIO_new(BIO_s_secmem()));
  good = good && chain != nullptr && secret != nullptr && PEM_write_bio_X509(chain.get(), certificate) == 1 &&
         PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  SLUICE_CHECK(good);
  Certificate::Made made = Certificate::parse(text_of(chain.get()), text_of(secret.get()));
  SLUICE_CHECK(made.certificate != nullptr);
  return made.certificate;
}

// The same for every challenge.
const std::shared_ptr<const ServerContext>& challenge_context() {
  static const std::shared_ptr<const ServerContext> context = [] {
    ServerPolicy policy;
    policy.identity = kChallengeProtocol;
    policy.alpn = {std::string(kChallengeProtocol)};
    policy.session_tickets = false;
    ServerContext::Made made = ServerContext::make(policy, std::make_shared<TicketKeys>());
    SLUICE_CHECK(made.context != nullptr);
    return made.context;
  }();
  return context;
}

}  // namespace

ChallengeCertificate ChallengeCertificate::make(const std::string& identifier, std::string_view key_authorization) {
  auto index = std::make_shared<CertificateIndex>(std::vector<std::shared_ptr<const Certificate>>(),
                                                  make_certificate(identifier, key_authorization));
  return {challenge_context(), std::move(index)};
}

std::string challenge_server_name(std::string_view identifier) {
  Result<IpAddress> address = IpAddress::parse(identifier);
  if (!address) {
    std::string name;
    return canonical_server_name(identifier, name) ? name : std::string();
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto& bytes = address->bytes();
  std::string name;
  if (address->is_v4()) {
    for (std::size_t i = 16; i > 12; --i) name += std::to_string(bytes[i - 1]) + '.';
    return name + "in-addr.arpa";
  }
  for (std::size_t i = 16; i > 0; --i) {
    name += {kDigits[bytes[i - 1] & 15U], '.', kDigits[bytes[i - 1] >> 4U], '.'};
  }
  return name + "ip6.arpa";
}

}  // namespace sluice::tls
