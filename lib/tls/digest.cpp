#include "tls/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/result.h"

namespace sluice::tls {

static std::string digest(std::string_view bytes, const EVP_MD* kind) {
  std::string result(static_cast<std::size_t>(EVP_MD_get_size(kind)), '\0');
  unsigned size = 0;
  auto* out = reinterpret_cast<unsigned char*>(result.data());
  SLUICE_CHECK(EVP_Digest(bytes.data(), bytes.size(), out, &size, kind, nullptr) == 1 && size == result.size());
  return result;
}

std::string sha1(std::string_view bytes) { return digest(bytes, EVP_sha1()); }
std::string sha256(std::string_view bytes) { return digest(bytes, EVP_sha256()); }

std::string md5(std::string_view bytes) { return digest(bytes, EVP_md5()); }

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sluice::tls
