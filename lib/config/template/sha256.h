// sha256.h: SHA-256 (FIPS 180-4), for the template function of that name. Not for secrets: lib/config knows no TLS
// library.
#pragma once

#include <string>
#include <string_view>

namespace sluice::config::templates {

// 32 bytes.
std::string sha256(std::string_view bytes);

}  // namespace sluice::config::templates
