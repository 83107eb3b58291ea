// label.cpp: lines of "key=value" as the labels of a container, and the same lines as flags and variables. Reading must
// end without a fault; a service of no type or an object that was left out must not come out.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "config/encode.h"
#include "config/labels.h"
#include "config/load_static.h"

using namespace sluice::config;

namespace {

class NoFiles final : public FileReader {
 public:
  std::optional<std::string> read(const std::string&, int&) const override { return std::nullopt; }
};

void check(const LabelConfiguration& labels, const Report& report) {
  for (const auto& [name, service] : labels.dynamic.http.services) {
    const bool composed = service.weighted || service.mirroring || service.failover || service.highest_random_weight;
    if (!service.load_balancer && !composed) std::abort();
  }
  for (const auto& [name, hints] : labels.http_servers) {
    if (!labels.dynamic.http.services.contains(name)) std::abort();
  }
  for (const LeftOut& object : labels.left_out) {
    if (object.section == "http.routers" && labels.dynamic.http.routers.contains(object.name)) std::abort();
    if (object.section == "tls.options" && labels.dynamic.tls.options.contains(object.name)) std::abort();
    if (object.section == "http.middlewares" && labels.dynamic.http.middlewares.contains(object.name)) std::abort();
  }
  if (!labels.left_out.empty() && !has_errors(report)) std::abort();
  if (!labels.usable && !has_errors(report)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::map<std::string, std::string> pairs;
  std::vector<std::string> flags;
  for (const std::string_view line : sluice::split(text, '\n')) {
    const std::size_t equals = line.find('=');
    const std::string value(equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1));
    pairs[std::string(line.substr(0, equals))] = value;
    flags.emplace_back(line);
  }

  Report report;
  const LabelConfiguration labels = decode_labels(pairs, "container fuzz", report);
  check(labels, report);
  (void)to_json(encode(labels.dynamic));
  for (const Problem& problem : report) (void)to_line(problem);

  const LoadedStatic from_flags = load_static(flags, {}, NoFiles());
  if (from_flags.configuration.has_value() == has_errors(from_flags.report)) std::abort();
  const LoadedStatic from_variables = load_static({}, pairs, NoFiles());
  if (from_variables.configuration.has_value() == has_errors(from_variables.report)) std::abort();
  return 0;
}
