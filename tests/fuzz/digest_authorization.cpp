// Authorization fields of the Digest scheme as anybody might send them, with the nonce that comes in them.
//
// What is read is complete, and a nonce that we did not make is never good.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/chars.h"
#include "middleware/digest_credentials.h"
#include "middleware/digest_nonces.h"

using namespace sluice;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static middleware::DigestNonces nonces;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  require(!nonces.use(text, 1, Time::now()));
  std::optional<middleware::DigestCredentials> read = middleware::parse_digest(text);
  if (!read) return 0;
  require(http::is_field_value(read->username));
  require(read->response.size() == 32 && read->nc.size() == 8);
  require(!nonces.use(read->nonce, read->count, Time::now()));
  return 0;
}
