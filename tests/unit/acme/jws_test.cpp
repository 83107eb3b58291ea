#include "acme/jws.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/text.h"
#include "support/catch.h"
#include "tls/digest.h"

using namespace sluice;
using namespace sluice::acme;

namespace {

std::string plain(const std::string& text) { return *base64_decode(text, Base64::url); }

// By the library, from r and s as RFC 7518 §3.4 has them.
bool verifies(const PrivateKey& key, std::string_view input, const std::string& raw) {
  std::string signature = raw;
  if (key.algorithm() != "RS256") {
    const std::size_t half = raw.size() / 2;
    ECDSA_SIG* pair = ECDSA_SIG_new();
    const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
    ECDSA_SIG_set0(pair, BN_bin2bn(bytes, static_cast<int>(half), nullptr),
                   BN_bin2bn(bytes + half, static_cast<int>(half), nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair, &der);
    signature.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
  }
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  const EVP_MD* hash = key.algorithm() == "ES384" ? EVP_sha384() : EVP_sha256();
  EVP_DigestVerifyInit(digest, nullptr, hash, nullptr, key.native());
  const int good = EVP_DigestVerify(digest, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                                    reinterpret_cast<const unsigned char*>(input.data()), input.size());
  EVP_MD_CTX_free(digest);
  return good == 1;
}

}  // namespace

TEST_CASE("every signature has its full length and verifies") {
  // One in 128 has a number that begins with a zero byte.
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  for (int i = 0; i < 1000; ++i) {
    const std::string input = std::to_string(i);
    const std::string signature = key.sign(input);
    REQUIRE(signature.size() == 64);
    REQUIRE(verifies(key, input, signature));
  }
  for (KeyType type : {KeyType::ec384, KeyType::rsa2048}) {
    const PrivateKey other = PrivateKey::generate(type);
    CHECK(verifies(other, "input", other.sign("input")));
  }
}

TEST_CASE("coordinates of a public key are filled up") {
  for (int i = 0; i < 400; ++i) {
    const auto jwk = nlohmann::json::parse(PrivateKey::generate(KeyType::ec256).jwk());
    REQUIRE(jwk["x"].get<std::string>().size() == 43);
    REQUIRE(jwk["y"].get<std::string>().size() == 43);
  }
}

TEST_CASE("a request names the account or carries the key, never both") {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const auto with_key = nlohmann::json::parse(signed_request(key, "", "n1", "https://ca.test/new", "{}"));
  const auto header = nlohmann::json::parse(plain(with_key["protected"]));
  CHECK(header["alg"] == "ES256");
  CHECK(header["nonce"] == "n1");
  CHECK(header["url"] == "https://ca.test/new");
  CHECK(header["jwk"] == nlohmann::json::parse(key.jwk()));
  CHECK_FALSE(header.contains("kid"));
  const std::string input = with_key["protected"].get<std::string>() + '.' + with_key["payload"].get<std::string>();
  CHECK(verifies(key, input, plain(with_key["signature"])));

  const auto with_name = nlohmann::json::parse(signed_request(key, "https://ca.test/acct/1", "n2", "https://u", ""));
  const auto named = nlohmann::json::parse(plain(with_name["protected"]));
  CHECK(named["kid"] == "https://ca.test/acct/1");
  CHECK_FALSE(named.contains("jwk"));
  CHECK(with_name["payload"] == "");
}

TEST_CASE("a thumbprint is that of RFC 7638") {
  const PrivateKey key = PrivateKey::generate(KeyType::rsa2048);
  const auto jwk = nlohmann::json::parse(key.jwk());
  const std::string canonical =
      R"({"e":")" + jwk["e"].get<std::string>() + R"(","kty":"RSA","n":")" + jwk["n"].get<std::string>() + "\"}";
  CHECK(key.jwk() == canonical);
  CHECK(plain(key.thumbprint()) == tls::sha256(canonical));
  CHECK(key_authorization("tok", key) == "tok." + key.thumbprint());
  CHECK(plain(dns_txt_value("tok.x")) == tls::sha256("tok.x"));
}

TEST_CASE("keys survive their text forms") {
  for (KeyType type : {KeyType::ec256, KeyType::ec384, KeyType::rsa2048}) {
    const PrivateKey key = PrivateKey::generate(type);
    std::optional<PrivateKey> from_pem = PrivateKey::from_pem(key.pem());
    std::optional<PrivateKey> from_der = PrivateKey::from_der(key.der());
    REQUIRE(from_pem);
    REQUIRE(from_der);
    CHECK(from_pem->same_public(key));
    CHECK(from_der->same_public(key));
    CHECK(from_der->type() == type);
  }
  CHECK(PrivateKey::generate(KeyType::rsa2048).pem().starts_with("-----BEGIN RSA PRIVATE KEY"));
  CHECK_FALSE(PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  CHECK_FALSE(PrivateKey::from_der("nonsense"));
}

TEST_CASE("a key of a CA's page is read however it is written") {
  const std::string secret("\xfb\xff\x00key", 6);
  const std::string standard = base64_encode(secret);
  const std::string url = base64_encode(secret, Base64::url);
  CHECK(*decode_hmac_key(standard) == secret);
  CHECK(*decode_hmac_key(url) == secret);
  CHECK(*decode_hmac_key(url + "==") == secret);
  CHECK_FALSE(decode_hmac_key("no base64!").ok());
}

TEST_CASE("a binding is signed with the CA's secret, without a nonce") {
  const auto jws = nlohmann::json::parse(account_binding("kid-1", "secret", "https://ca.test/new", R"({"kty":"EC"})"));
  const auto header = nlohmann::json::parse(plain(jws["protected"]));
  CHECK(header["alg"] == "HS256");
  CHECK(header["kid"] == "kid-1");
  CHECK_FALSE(header.contains("nonce"));
  CHECK(plain(jws["payload"]) == R"({"kty":"EC"})");
  CHECK(plain(jws["signature"]).size() == 32);
}
