#include "tls/native.h"

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>
#include <utility>

#include "base/result.h"
#include "tls/library_context.h"

namespace sluice::tls {
namespace {

Native<bio_st> memory(const std::string& text) {
  Native<bio_st> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  SLUICE_CHECK(bio != nullptr);
  return bio;
}

// There is nobody to ask for a passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }

// By PKCS #8 (RFC 7468 §11) or by the older RFC 1421 §4.6.1.1.
bool is_encrypted(const std::string& pem) {
  return pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != pem.npos ||
         pem.find("Proc-Type: 4,ENCRYPTED") != pem.npos;
}

// A certificate of our context that `read` has filled; null where it has not, and then the library may have freed it.
template <class Read>
Native<x509_st> filled(Read read) {
  X509* certificate = X509_new_ex(library_context(), nullptr);
  SLUICE_CHECK(certificate != nullptr);
  bool good = read(&certificate);
  Native<x509_st> owned(certificate);
  return good ? std::move(owned) : nullptr;
}

// A reader of PEM keys that is set up once for each thread: for every key the library would set up all its decoders
// again, which takes ten times as long as reading one.
class KeyReader {
 public:
  KeyReader()
      : context_(OSSL_DECODER_CTX_new_for_pkey(&key_, "PEM", nullptr, nullptr, EVP_PKEY_KEYPAIR, library_context(),
                                               nullptr)) {
    SLUICE_CHECK(context_ != nullptr && OSSL_DECODER_CTX_set_pem_password_cb(context_, no_passphrase, nullptr) == 1);
  }
  KeyReader(const KeyReader&) = delete;
  KeyReader& operator=(const KeyReader&) = delete;
  ~KeyReader() { OSSL_DECODER_CTX_free(context_); }

  // Null where the first PEM block is not a key that can be read.
  Native<evp_pkey_st> read(bio_st* bio) {
    OSSL_DECODER_from_bio(context_, bio);
    return Native<evp_pkey_st>(std::exchange(key_, nullptr));
  }

 private:
  EVP_PKEY* key_ = nullptr;
  OSSL_DECODER_CTX* context_;
};

}  // namespace

void NativeFree::operator()(x509_st* certificate) const { X509_free(certificate); }
void NativeFree::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void NativeFree::operator()(ssl_st* session) const { SSL_free(session); }
void NativeFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void NativeFree::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }
void NativeFree::operator()(bio_st* bio) const { BIO_free(bio); }

std::string_view take_openssl_error() {
  unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "unknown error of the TLS library" : reason;
}

std::int64_t unix_time(const ASN1_TIME* time) {
  std::tm parts{};
  return time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

std::vector<Native<x509_st>> read_certificates(const std::string& pem, std::string& error) {
  std::vector<Native<x509_st>> certificates;
  Native<bio_st> bio = memory(pem);
  ERR_clear_error();
  while (Native<x509_st> certificate = filled(
             [&](X509** into) { return PEM_read_bio_X509(bio.get(), into, no_passphrase, nullptr) != nullptr; })) {
    certificates.push_back(std::move(certificate));
  }
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  std::string_view reason = take_openssl_error();
  if (!at_end) {
    error = "certificate " + std::to_string(certificates.size() + 1) + " cannot be read: " + std::string(reason);
    certificates.clear();
  } else if (certificates.empty()) {
    error = "there is no certificate in it";
  }
  return certificates;
}

Native<x509_st> read_certificate(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  Native<x509_st> certificate =
      filled([&](X509** into) { return d2i_X509(into, &bytes, static_cast<long>(der.size())) != nullptr; });
  if (certificate == nullptr) ERR_clear_error();
  return certificate;
}

Native<evp_pkey_st> read_key(const std::string& pem, std::string& error) {
  Native<bio_st> bio = memory(pem);
  ERR_clear_error();
  thread_local KeyReader reader;
  if (Native<evp_pkey_st> key = reader.read(bio.get())) {
    ERR_clear_error();
    return key;
  }
  // What comes first may be something else, EC parameters for one.
  ERR_clear_error();
  bio = memory(pem);
  Native<evp_pkey_st> key(
      PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, no_passphrase, nullptr, library_context(), nullptr));
  std::string_view reason = take_openssl_error();
  if (key != nullptr) return key;
  if (is_encrypted(pem)) {
    error = "the key is encrypted, and there is nobody to ask for its passphrase";
  } else if (pem.find("PRIVATE KEY-----") == std::string::npos) {
    error = "there is no private key in the key file";
  } else {
    error = "the key cannot be read: " + std::string(reason);
  }
  return nullptr;
}

}  // namespace sluice::tls
