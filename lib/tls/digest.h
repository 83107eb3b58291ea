// digest.h: message digests, and comparing secrets. Stateless; any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice::tls {

// The 20 bytes of SHA-1: for handshakes that are defined with it (RFC 6455 §4.2.2), never for security.
std::string sha1(std::string_view bytes);
// The 32 bytes of SHA-256.
std::string sha256(std::string_view bytes);

// The 16 bytes of MD5: for protocols and files that are defined with it (RFC 7616, htpasswd), never for anything new.
std::string md5(std::string_view bytes);

// Whether the two are equal, in a time that does not tell where they differ.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace sluice::tls
