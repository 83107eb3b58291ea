// tsig.h: transaction signatures (RFC 8945): a shared key proves to a name server who asks for a change, and to us that
// the answer is the server's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::acme::dns {

struct TsigKey {
  std::string name;       // canonical
  std::string algorithm;  // canonical: "hmac-sha256."
  std::string secret;     // the bytes

  // `secret` in base64, `algorithm` with or without the final dot ("hmac-md5" too). Error: invalid, unsupported.
  static Result<TsigKey> make(std::string_view name, std::string_view algorithm, std::string_view secret);
  // What `tsig-keygen` writes: key "name" { algorithm hmac-sha256; secret "…"; };
  static Result<TsigKey> parse_file(std::string_view text);
};

// Appends the signature to an encoded message and returns its MAC, which the check of the answer needs.
// `now` is Unix time in seconds.
Result<std::string> sign(std::string& message, const TsigKey& key, std::int64_t now);

// Checks the answer to a message that was signed with `request_mac`. Errors: security (unsigned, another key, a wrong
// MAC, or what the server said about ours: `text` is the words of RFC 8945), invalid (no message).
Status verify(std::string_view reply, const TsigKey& key, std::string_view request_mac, std::int64_t now);

}  // namespace sluice::acme::dns
