// Replies of a Redis server, or of something that says it is one.
//
// What is complete stays complete with more behind it, and no beginning of it is.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "middleware/resp.h"

using namespace sluice::middleware;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  RespValue value;
  std::size_t consumed = 0;
  RespState state = resp_read(text, value, consumed);
  if (state != RespState::complete) {
    if (consumed != 0) std::abort();
    return 0;
  }
  if (consumed == 0 || consumed > size) std::abort();
  std::size_t again = 0;
  if (resp_read(text.substr(0, consumed), value, again) != RespState::complete || again != consumed) std::abort();
  if (resp_read(text.substr(0, consumed - 1), value, again) == RespState::complete) std::abort();
  return 0;
}
