// library.h: which TLS library this program was linked with or runs on.
#pragma once

namespace sluice::tls {

// As the library says it of itself: "OpenSSL 3.0.19 27 Jan 2026". Static text.
const char* library_version();

}  // namespace sluice::tls
