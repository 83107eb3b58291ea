#include "tls/native.h"

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>
#include <utility>

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

// A reader of PEM keys that is set up once for each thread: for every key the library would set up all its decoders
// again, which takes ten times as long as reading one.
class KeyReader {
 public:
  KeyReader()
      : context_(OSSL_DECODER_CTX_new_for_pkey(&key_, "PEM", nullptr, nullptr, EVP_PKEY_KEYPAIR, nullptr, nullptr)) {
    SLUICE_CHECK(context_ != nullptr && OSSL_DECODER_CTX_set_pem_password_cb(context_, no_passphrase, &asked_) == 1);
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
  bool asked_ = false;
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
  thread_local KeyReader reader;
  if (Native<evp_pkey_st> key = reader.read(bio.get())) {
    ERR_clear_error();
    return key;
  }
  // What comes first may be something else, EC parameters for one.
  ERR_clear_error();
  bio = memory(pem);
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
