#include "tls/native.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>

#include "base/result.h"

namespace sluice::tls {
namespace {

Native<bio_st> memory(const std::string& text) {
  Native<bio_st> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  SLUICE_CHECK(bio != nullptr);
  return bio;
}

// There is nobody to ask for a passphrase.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

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
  bool asked = false;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, &asked)) {
    certificates.emplace_back(certificate);
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

Native<evp_pkey_st> read_key(const std::string& pem, std::string& error) {
  Native<bio_st> bio = memory(pem);
  ERR_clear_error();
  bool asked = false;
  Native<evp_pkey_st> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &asked));
  std::string_view reason = take_openssl_error();
  if (key != nullptr) return key;
  if (asked) {
    error = "the key is encrypted, and there is nobody to ask for its passphrase";
  } else if (pem.find("PRIVATE KEY-----") == std::string::npos) {
    error = "there is no private key in the key file";
  } else {
    error = "the key cannot be read: " + std::string(reason);
  }
  return nullptr;
}

}  // namespace sluice::tls
