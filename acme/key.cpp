#include "acme/key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/encoding.h"
#include "base/result.h"
#include "base/text.h"
#include "tls/digest.h"

namespace sluice::acme {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::optional<KeyType> parse_key_type(std::string_view name) {
  if (iequals(name, "EC256")) return KeyType::ec256;
  if (iequals(name, "EC384")) return KeyType::ec384;
  if (iequals(name, "RSA2048")) return KeyType::rsa2048;
  if (iequals(name, "RSA3072")) return KeyType::rsa3072;
  if (iequals(name, "RSA4096")) return KeyType::rsa4096;
  if (iequals(name, "RSA8192")) return KeyType::rsa8192;
  return std::nullopt;
}

PrivateKey::PrivateKey(evp_pkey_st* key) : key_(key, EVP_PKEY_free) {}

PrivateKey PrivateKey::generate(KeyType type) {
  EVP_PKEY* key = nullptr;
  switch (type) {
    case KeyType::ec256: key = EVP_EC_gen("P-256"); break;
    case KeyType::ec384: key = EVP_EC_gen("P-384"); break;
    case KeyType::rsa2048: key = EVP_RSA_gen(2048); break;
    case KeyType::rsa3072: key = EVP_RSA_gen(3072); break;
    case KeyType::rsa4096: key = EVP_RSA_gen(4096); break;
    case KeyType::rsa8192: key = EVP_RSA_gen(8192); break;
  }
  SLUICE_CHECK(key != nullptr);
  return PrivateKey(key);
}

std::optional<PrivateKey> PrivateKey::adopt(evp_pkey_st* key) {
  ERR_clear_error();
  if (key == nullptr) return std::nullopt;
  PrivateKey adopted(key);
  if (adopted.algorithm().empty()) return std::nullopt;
  return adopted;
}

std::optional<PrivateKey> PrivateKey::from_pem(const std::string& pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  SLUICE_CHECK(bio != nullptr);
  return adopt(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
}

std::optional<PrivateKey> PrivateKey::from_der(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return adopt(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
}

std::string PrivateKey::pem() const {
  Bio bio(BIO_new(BIO_s_mem()));
  SLUICE_CHECK(bio != nullptr &&
               PEM_write_bio_PrivateKey_traditional(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string PrivateKey::der() const {
  unsigned char* data = nullptr;
  const int size = i2d_PrivateKey(key_.get(), &data);
  SLUICE_CHECK(size > 0);
  std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  return der;
}

bool PrivateKey::is_rsa() const { return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA; }

std::optional<KeyType> PrivateKey::type() const {
  const int bits = EVP_PKEY_get_bits(key_.get());
  return parse_key_type((is_rsa() ? "RSA" : "EC") + std::to_string(bits));
}

std::string_view PrivateKey::algorithm() const {
  if (is_rsa()) return "RS256";
  if (EVP_PKEY_get_base_id(key_.get()) != EVP_PKEY_EC) return {};
  const int bits = EVP_PKEY_get_bits(key_.get());
  return bits == 256 ? "ES256" : bits == 384 ? "ES384" : std::string_view();
}

std::size_t PrivateKey::field_size() const { return algorithm() == "ES256" ? 32 : 48; }

std::string PrivateKey::number(const char* parameter, std::size_t size) const {
  BIGNUM* number = nullptr;
  SLUICE_CHECK(EVP_PKEY_get_bn_param(key_.get(), parameter, &number) == 1);
  if (size == 0) size = static_cast<std::size_t>(BN_num_bytes(number));
  std::string bytes(size, '\0');
  SLUICE_CHECK(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) >= 0);
  BN_free(number);
  return bytes;
}

std::string PrivateKey::jwk() const {
  if (is_rsa()) {
    return R"({"e":")" + base64url_encode(number(OSSL_PKEY_PARAM_RSA_E, 0)) + R"(","kty":"RSA","n":")" +
           base64url_encode(number(OSSL_PKEY_PARAM_RSA_N, 0)) + "\"}";
  }
  const std::size_t size = field_size();
  return std::string(R"({"crv":")") + (size == 32 ? "P-256" : "P-384") + R"(","kty":"EC","x":")" +
         base64url_encode(number(OSSL_PKEY_PARAM_EC_PUB_X, size)) + R"(","y":")" +
         base64url_encode(number(OSSL_PKEY_PARAM_EC_PUB_Y, size)) + "\"}";
}

std::string PrivateKey::thumbprint() const { return base64url_encode(tls::sha256(jwk())); }

std::string PrivateKey::sign(std::string_view bytes) const {
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  SLUICE_CHECK(digest != nullptr);
  const EVP_MD* hash = algorithm() == "ES384" ? EVP_sha384() : EVP_sha256();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t size = 0;
  SLUICE_CHECK(EVP_DigestSignInit(digest, nullptr, hash, nullptr, key_.get()) == 1);
  SLUICE_CHECK(EVP_DigestSign(digest, nullptr, &size, data, bytes.size()) == 1);
  std::string signature(size, '\0');
  SLUICE_CHECK(EVP_DigestSign(digest, reinterpret_cast<unsigned char*>(signature.data()), &size, data, bytes.size()) ==
               1);
  EVP_MD_CTX_free(digest);
  signature.resize(size);
  if (is_rsa()) return signature;
  // RFC 7518 §3.4: both numbers as bytes of full length, not as DER. One in 128 is shorter and must be filled up.
  const auto* at = reinterpret_cast<const unsigned char*>(signature.data());
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(signature.size()));
  SLUICE_CHECK(pair != nullptr);
  const std::size_t half = field_size();
  std::string raw(2 * half, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  SLUICE_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, static_cast<int>(half)) >= 0);
  SLUICE_CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + half, static_cast<int>(half)) >= 0);
  ECDSA_SIG_free(pair);
  return raw;
}

bool PrivateKey::same_public(const PrivateKey& other) const {
  const bool same = EVP_PKEY_eq(key_.get(), other.key_.get()) == 1;
  ERR_clear_error();
  return same;
}

}  // namespace sluice::acme
