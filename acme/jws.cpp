#include "acme/jws.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "tls/digest.h"

namespace sluice::acme {
namespace {

std::string flattened(const nlohmann::ordered_json& header, std::string_view payload,
                      std::string (*signature)(const void* key, std::string_view input), const void* key) {
  const std::string protected_part = base64url_encode(header.dump());
  const std::string payload_part = base64url_encode(payload);
  nlohmann::ordered_json jws;
  jws["protected"] = protected_part;
  jws["payload"] = payload_part;
  jws["signature"] = base64url_encode(signature(key, protected_part + '.' + payload_part));
  return jws.dump();
}

std::string by_key(const void* key, std::string_view input) { return static_cast<const PrivateKey*>(key)->sign(input); }

std::string by_secret(const void* key, std::string_view input) {
  const auto& secret = *static_cast<const std::string_view*>(key);
  unsigned char code[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  SLUICE_CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                    reinterpret_cast<const unsigned char*>(input.data()), input.size(), code, &size) != nullptr);
  return {reinterpret_cast<char*>(code), size};
}

}  // namespace

std::string signed_request(const PrivateKey& key, std::string_view kid, std::string_view nonce, std::string_view url,
                           std::string_view payload) {
  nlohmann::ordered_json header;
  header["alg"] = key.algorithm();
  if (kid.empty()) {
    header["jwk"] = nlohmann::ordered_json::parse(key.jwk());
  } else {
    header["kid"] = kid;
  }
  if (!nonce.empty()) header["nonce"] = nonce;
  header["url"] = url;
  return flattened(header, payload, by_key, &key);
}

std::string account_binding(std::string_view kid, std::string_view hmac_key, std::string_view url,
                            std::string_view account_jwk) {
  nlohmann::ordered_json header;
  header["alg"] = "HS256";
  header["kid"] = kid;
  header["url"] = url;
  return flattened(header, account_jwk, by_secret, &hmac_key);
}

Result<std::string> decode_hmac_key(std::string_view text) {
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '+', '-');
  std::replace(plain.begin(), plain.end(), '/', '_');
  while (!plain.empty() && plain.back() == '=') plain.pop_back();
  return base64_decode(plain, Base64::url);
}

std::string key_change(const PrivateKey& new_key, const PrivateKey& old_key, std::string_view url,
                       std::string_view account_url) {
  nlohmann::ordered_json payload;
  payload["account"] = account_url;
  payload["oldKey"] = nlohmann::ordered_json::parse(old_key.jwk());
  return signed_request(new_key, {}, {}, url, payload.dump());
}

std::string key_authorization(std::string_view token, const PrivateKey& account_key) {
  return std::string(token) + '.' + account_key.thumbprint();
}

std::string dns_txt_value(std::string_view key_authorization) {
  return base64url_encode(tls::sha256(key_authorization));
}

}  // namespace sluice::acme
