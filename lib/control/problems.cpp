#include "control/problems.h"

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::control {

config::Problem problem(std::string_view code, std::string what, const config::Source& source, std::string effect,
                        std::string fix, config::Severity severity) {
  config::Problem problem;
  problem.severity = severity;
  problem.code = std::string(code);
  problem.what = std::move(what);
  problem.source = source;
  problem.effect = std::move(effect);
  problem.fix = std::move(fix);
  return problem;
}

config::Problem unknown_reference(std::string_view kind, const std::string& name, const std::vector<std::string>& known,
                                  const config::Source& source, std::string effect) {
  std::string fix;
  std::string_view bare = std::string_view(name).substr(0, name.rfind('@'));
  std::size_t best = bare.size() / 3 + 2;
  for (const std::string& candidate : known) {
    std::string_view candidate_bare = std::string_view(candidate).substr(0, candidate.rfind('@'));
    // The same name of another provider is the most frequent mistake: the reference lacks "@provider".
    std::size_t distance = candidate_bare == bare ? 0 : edit_distance(bare, candidate_bare);
    if (distance < best) {
      best = distance;
      fix = fmt::format("did you mean {}?", candidate);
    }
  }
  if (fix.empty()) fix = fmt::format("define the {} or correct the name", kind);
  return problem(code::kUnknownReference, fmt::format("{} {} does not exist", kind, name), source, std::move(effect),
                 std::move(fix));
}

}  // namespace sluice::control
