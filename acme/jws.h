// jws.h: signed requests of ACME (RFC 8555 §6.2, RFC 7515) and what challenges prove. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "acme/key.h"
#include "base/result.h"

namespace sluice::acme {

// A flattened JWS. With a `kid` (the account's URL) it is signed in the account's name; without one the public key goes
// along. `nonce` may be empty only inside another JWS. An empty payload is a POST-as-GET (§6.3).
std::string signed_request(const PrivateKey& key, std::string_view kid, std::string_view nonce, std::string_view url,
                           std::string_view payload);

// §7.3.4: that the account of `account_jwk` belongs to the customer `kid`. `url`: of newAccount.
std::string account_binding(std::string_view kid, std::string_view hmac_key, std::string_view url,
                            std::string_view account_jwk);
// The key of a CA's page, in base64url or base64, with or without padding.
Result<std::string> decode_hmac_key(std::string_view text);

// §7.3.5: the inner JWS of a change from `old_key`, signed by the new one.
std::string key_change(const PrivateKey& new_key, const PrivateKey& old_key, std::string_view url,
                       std::string_view account_url);

// §8.1: what HTTP-01 answers.
std::string key_authorization(std::string_view token, const PrivateKey& account_key);
// §8.4: what the TXT record of DNS-01 holds.
std::string dns_txt_value(std::string_view key_authorization);

}  // namespace sluice::acme
