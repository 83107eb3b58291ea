// yaml.cpp: any text as a dynamic configuration file in YAML. Reading must end without a fault, an error must come with
// a report, and what was understood must survive being written as JSON and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/decode.h"
#include "config/encode.h"
#include "config/yaml.h"

using namespace sluice::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Report report;
  const std::optional<Node> root = parse_yaml(text, "fuzz.yml", report);
  if (!root) {
    if (!has_errors(report)) std::abort();
    return 0;
  }
  const std::optional<Dynamic> dynamic = decode_dynamic(*root, report);
  for (const Problem& problem : report) (void)to_line(problem);
  if (!dynamic) return 0;

  const std::string json = to_json(encode(*dynamic, {false, true}));
  Report again;
  const std::optional<Node> tree = parse_yaml(json, "again.json", again);
  if (!tree) {
    // Only two limits of YAML may refuse what JSON allows: 64 levels, and 1024 characters of a key.
    const bool deep = again.size() == 1 && again[0].what.find("64") != std::string::npos;
    if (!deep && size < 1000) std::abort();
    return 0;
  }
  const std::optional<Dynamic> decoded = decode_dynamic(*tree, again);
  if (!decoded || has_errors(again)) std::abort();
  return 0;
}
