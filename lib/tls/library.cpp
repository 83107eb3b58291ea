#include "tls/library.h"

#include <openssl/crypto.h>

namespace sluice::tls {

const char* library_version() { return OpenSSL_version(OPENSSL_VERSION); }

}  // namespace sluice::tls
