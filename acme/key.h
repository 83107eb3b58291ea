// key.h: private keys, of accounts and of certificates, and what is derived from them.
//
// A PrivateKey is an immutable handle; copies share the key, which is wiped with the last of them. Any thread.
// Making and signing take milliseconds with RSA: that is for the thread pool.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace sluice::acme {

enum class KeyType : std::uint8_t { ec256, ec384, rsa2048, rsa3072, rsa4096, rsa8192 };

// Traefik's names ("EC256", "RSA4096"), whatever their case.
std::optional<KeyType> parse_key_type(std::string_view name);
inline bool is_rsa(KeyType type) { return type != KeyType::ec256 && type != KeyType::ec384; }

class PrivateKey {
 public:
  // Aborts if the library cannot make one.
  static PrivateKey generate(KeyType type);
  // PKCS#1, SEC 1 or PKCS#8. Nothing when it is none of them, encrypted, or of an algorithm ACME has not.
  static std::optional<PrivateKey> from_pem(const std::string& pem);
  static std::optional<PrivateKey> from_der(std::string_view der);

  // "RSA PRIVATE KEY" or "EC PRIVATE KEY": what every reader of acme.json takes.
  std::string pem() const;
  // PKCS#1 or SEC 1.
  std::string der() const;

  // Nothing for what `generate` does not make.
  std::optional<KeyType> type() const;
  // RFC 7518: "RS256", "ES256", "ES384".
  std::string_view algorithm() const;
  // The public key as JSON in the form that is hashed (RFC 7638 §3): members in order, no spaces.
  std::string jwk() const;
  // SHA-256 of that, in base64url.
  std::string thumbprint() const;
  // A JWS signature (RFC 7518 §3.3, §3.4).
  std::string sign(std::string_view bytes) const;

  // Whether both have the same public half.
  bool same_public(const PrivateKey& other) const;
  evp_pkey_st* native() const { return key_.get(); }

 private:
  explicit PrivateKey(evp_pkey_st* key);
  static std::optional<PrivateKey> adopt(evp_pkey_st* key);
  bool is_rsa() const;
  // Bytes of one coordinate.
  std::size_t field_size() const;
  // A big number of the key, filled up on the left to `size` bytes; zero: as it is.
  std::string number(const char* parameter, std::size_t size) const;

  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace sluice::acme
