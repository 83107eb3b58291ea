// Authorization fields of the Basic scheme as anybody might send them.
//
// What is read can be written again, and its parts have nothing that would end a header line.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "http/chars.h"
#include "middleware/basic_credentials.h"

using namespace sluice;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::optional<middleware::BasicCredentials> read = middleware::parse_basic(text);
  if (!read) return 0;
  require(http::is_field_value(read->user));
  require(read->user.find(':') == std::string::npos);
  std::string again = "Basic " + base64_encode(read->user + ":" + read->password);
  std::optional<middleware::BasicCredentials> same = middleware::parse_basic(again);
  require(same && same->user == read->user && same->password == read->password);
  return 0;
}
