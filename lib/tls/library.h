// library.h: which TLS library this program was linked with or runs on.
#pragma once

#include <string_view>

namespace sluice::tls {

// As the library says it of itself: "OpenSSL 3.0.19 27 Jan 2026". Static text.
std::string_view library_version();

}  // namespace sluice::tls
