#include "tls/certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "base/ip.h"
#include "base/result.h"
#include "base/text.h"
#include "tls/client_hello.h"
#include "tls/library_context.h"
#include "tls/native.h"

namespace sluice::tls {
namespace {

constexpr std::int64_t kSelfSignedSeconds = 365L * 24 * 3600;

// Canonical, or empty for what is no host name. The length counts, not a zero byte inside (a name cut short there would
// be somebody else's).
std::string canonical(std::string_view name) {
  std::string result;
  bool wildcard = name.starts_with("*.");
  if (!canonical_server_name(wildcard ? name.substr(2) : name, result) || result.empty()) return {};
  return wildcard ? "*." + result : result;
}

std::string_view text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(const ASN1_STRING* bytes) {
  std::string_view raw = text_of(bytes);
  if (raw.size() == 4) {
    std::string text;
    for (char c : raw) text += (text.empty() ? "" : ".") + std::to_string(static_cast<unsigned char>(c));
    return text;
  }
  if (raw.size() != 16) return {};
  std::string text;
  for (std::size_t i = 0; i < 16; i += 2) {
    char group[8];
    std::snprintf(
        group, sizeof group, "%s%x", i == 0 ? "" : ":",
        static_cast<unsigned>(static_cast<unsigned char>(raw[i]) << 8 | static_cast<unsigned char>(raw[i + 1])));
    text += group;
  }
  Result<IpAddress> address = IpAddress::parse(text);
  return address ? address->to_string() : std::string();
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto add = [&](std::string name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  };
  auto* alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type == GEN_DNS) add(canonical(text_of(name->d.dNSName)));
    if (name->type == GEN_IPADD) add(address_text(name->d.iPAddress));
  }
  GENERAL_NAMES_free(alternatives);
  // Traefik files a certificate under its common name too.
  X509_NAME* subject = X509_get_subject_name(certificate);
  int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) add(canonical(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))));
  return names;
}

// RFC 7633: a list of TLS extensions, of which only status_request (5) is in use.
bool wants_staple(X509* certificate) {
  auto* features = static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr));
  bool wants = false;
  for (int i = 0; i < sk_ASN1_INTEGER_num(features); ++i) {
    wants = wants || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == TLSEXT_TYPE_status_request;
  }
  sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
  return wants;
}

}  // namespace

struct Certificate::Parts {
  Native<x509_st> own;
  Native<evp_pkey_st> key;
  STACK_OF(X509) * chain = sk_X509_new_null();

  Parts() { SLUICE_CHECK(chain != nullptr); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() { sk_X509_pop_free(chain, X509_free); }
};

Certificate::Certificate(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {
  X509* own = parts_->own.get();
  names_ = names_of(own);
  int kind = EVP_PKEY_get_base_id(parts_->key.get());
  if (kind == EVP_PKEY_EC) algorithm_ = Algorithm::ecdsa;
  if (kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS) algorithm_ = Algorithm::rsa;
  not_before_ = unix_time(X509_get0_notBefore(own));
  not_after_ = unix_time(X509_get0_notAfter(own));
  STACK_OF(OPENSSL_STRING)* responders = X509_get1_ocsp(own);
  if (sk_OPENSSL_STRING_num(responders) > 0) ocsp_responder_ = sk_OPENSSL_STRING_value(responders, 0);
  X509_email_free(responders);
  must_staple_ = wants_staple(own);
}

x509_st* Certificate::native() const { return parts_->own.get(); }
x509_st* Certificate::issuer() const {
  return sk_X509_num(parts_->chain) > 0 ? sk_X509_value(parts_->chain, 0) : nullptr;
}

Certificate::~Certificate() = default;

bool Certificate::use_in(ssl_st* session) const {
  // Overriding replaces one of the same algorithm, of which a session has none yet.
  if (SSL_use_cert_and_key(session, parts_->own.get(), parts_->key.get(), parts_->chain, 1) == 1) return true;
  ERR_clear_error();
  return false;
}

bool Certificate::use_in(ssl_ctx_st* context) const {
  if (SSL_CTX_use_cert_and_key(context, parts_->own.get(), parts_->key.get(), parts_->chain, 1) == 1) return true;
  ERR_clear_error();
  return false;
}

Certificate::Made Certificate::parse(const std::string& chain, const std::string& key) {
  Made made;
  std::vector<Native<x509_st>> certificates = read_certificates(chain, made.error);
  if (certificates.empty()) return made;
  auto parts = std::make_unique<Parts>();
  parts->key = read_key(key, made.error);
  if (parts->key == nullptr) return made;
  parts->own = std::move(certificates.front());
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    SLUICE_CHECK(sk_X509_push(parts->chain, certificates[i].release()) > 0);
  }
  ERR_clear_error();
  if (X509_check_private_key(parts->own.get(), parts->key.get()) != 1) {
    ERR_clear_error();
    made.error = "the key does not belong to the certificate";
    return made;
  }
  // What the library's security level refuses in a handshake, it should refuse where somebody reads it.
  // Making a context takes longer than all else here, so there is one for all of them.
  static SSL_CTX* const trials = SSL_CTX_new_ex(library_context(), nullptr, TLS_server_method());
  SLUICE_CHECK(trials != nullptr);
  Native<ssl_st> trial(SSL_new(trials));
  SLUICE_CHECK(trial != nullptr);
  if (SSL_use_cert_and_key(trial.get(), parts->own.get(), parts->key.get(), parts->chain, 1) != 1) {
    made.error = "it cannot be served: " + std::string(take_openssl_error());
    return made;
  }
  made.certificate = std::shared_ptr<const Certificate>(new Certificate(std::move(parts)));
  return made;
}

std::shared_ptr<const Certificate> Certificate::self_signed(const std::string& name) {
  auto parts = std::make_unique<Parts>();
  parts->key.reset(EVP_EC_gen("P-256"));
  parts->own.reset(X509_new());
  SLUICE_CHECK(parts->key != nullptr && parts->own != nullptr);
  X509* own = parts->own.get();
  std::int64_t now = std::time(nullptr);
  bool good = X509_set_version(own, X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set_int64(X509_get_serialNumber(own), now) == 1 &&
              ASN1_TIME_set(X509_getm_notBefore(own), now - 3600) != nullptr &&
              ASN1_TIME_set(X509_getm_notAfter(own), now + kSelfSignedSeconds) != nullptr &&
              X509_set_pubkey(own, parts->key.get()) == 1;
  X509_NAME* subject = X509_get_subject_name(own);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  good = good && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
         X509_set_issuer_name(own, subject) == 1;
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, own, own, nullptr, nullptr, 0);
  const std::pair<int, std::string> extensions[] = {{NID_subject_alt_name, "DNS:" + name},
                                                    {NID_key_usage, "critical,digitalSignature"},
                                                    {NID_ext_key_usage, "serverAuth"}};
  for (const auto& [nid, value] : extensions) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    good = good && extension != nullptr && X509_add_ext(own, extension, -1) == 1;
    X509_EXTENSION_free(extension);
  }
  SLUICE_CHECK(good && X509_sign(own, parts->key.get(), EVP_sha256()) > 0);
  return std::shared_ptr<const Certificate>(new Certificate(std::move(parts)));
}

}  // namespace sluice::tls
