// certificate.h: the request for a certificate, and what an issued chain says: read, checked before it is used.
//
// Pure, but for the library; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/key.h"

namespace sluice::acme {

struct RequestForm {
  std::vector<std::string> names;  // canonical; "*.x" and addresses among them
  bool common_name = true;         // the first name that fits goes into the subject too
  std::vector<std::string> emails;
};
// The signing request (RFC 2986) in DER.
std::string make_request(const PrivateKey& key, const RequestForm& form);

// What the first certificate of a chain says of itself.
struct Leaf {
  std::vector<std::string> names;  // of its SAN, canonical
  std::int64_t not_before = 0;     // Unix seconds
  std::int64_t not_after = 0;
  std::string issuer;  // common name
  std::string serial;  // hexadecimal
  std::string ari_id;  // RFC 9773 §4.1; empty: it has no authority key identifier
  std::string der;
  bool rsa = false;  // its key; else of an elliptic curve

  // Seconds it is good for.
  std::int64_t lifetime() const { return not_after - not_before; }
  bool covers(std::string_view name) const;
};
std::optional<Leaf> read_leaf(const std::string& pem_chain);

// Whether `pattern` (a name or "*.x") is for `name`, which may be a wildcard itself.
bool covers(std::string_view pattern, std::string_view name);

// Whether a CA's answer may be used: our key, all names, dates, each link signed by the next. Empty: it may; else what
// is wrong. `now`: Unix seconds.
std::string check_chain(const std::string& pem_chain, const PrivateKey& key, const std::vector<std::string>& names,
                        std::int64_t now);

// The chain as it is stored: certificates only, without a root at its end. Empty: there is none in it.
std::string clean_chain(std::string_view pem);

// Whether this chain leads to `wanted`: the common name of an issuer in it (Traefik looks at that of the last), or the
// SHA-256 of the last certificate in hexadecimal.
enum class ChainMatch : std::uint8_t { none, some_issuer, last_issuer };
ChainMatch match_chain(const std::string& pem_chain, const std::string& wanted);

}  // namespace sluice::acme
