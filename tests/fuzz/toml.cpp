// toml.cpp: any text as a dynamic configuration file in TOML. Reading must end without a fault, and an error must come
// with a report.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/decode.h"
#include "config/encode.h"
#include "config/toml.h"

using namespace sluice::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Report report;
  const std::optional<Node> root = parse_toml(text, "fuzz.toml", report);
  if (!root) {
    if (!has_errors(report)) std::abort();
    return 0;
  }
  const std::optional<Dynamic> dynamic = decode_dynamic(*root, report);
  for (const Problem& problem : report) (void)to_line(problem);
  if (dynamic) (void)to_json(encode(*dynamic));
  return 0;
}
