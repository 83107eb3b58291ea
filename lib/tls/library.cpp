#include "tls/library.h"

#include <openssl/crypto.h>

namespace sluice::tls {

std::string_view library_version() { return OpenSSL_version(OPENSSL_VERSION); }

}  // namespace sluice::tls
