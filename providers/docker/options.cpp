#include "providers/docker/options.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "config/problem_codes.h"
#include "providers/docker/constraint.h"
#include "providers/docker/default_rule.h"

namespace sluice::providers::docker {

void refuse_option(config::Report& report, const std::string& option, const std::string& what, std::string fix) {
  config::Problem problem;
  problem.code = config::code::kWrongValue;
  problem.what = fmt::format("providers.docker.{}: {}", option, what);
  problem.effect = "the Docker provider does not start";
  problem.fix = std::move(fix);
  report.push_back(std::move(problem));
}

std::optional<Inventory> make_inventory(const config::DockerProvider& options, std::string own_hostname,
                                        config::Report& report) {
  std::string error;
  std::optional<DefaultRule> default_rule = DefaultRule::parse(options.default_rule, error);
  if (!default_rule) {
    refuse_option(report, "defaultRule", error, "correct the template, see docs/docker.md");
    return std::nullopt;
  }
  InferenceOptions inference;
  inference.exposure.by_default = options.exposed_by_default;
  if (!trim(options.constraints).empty()) {
    inference.exposure.constraint = Constraint::parse(options.constraints, error);
    if (!inference.exposure.constraint) {
      refuse_option(report, "constraints", error,
                    "Label(`key`, `value`), LabelRegex(`key`, `regexp`), &&, ||, ! and ()");
      return std::nullopt;
    }
  }
  inference.surroundings.network = options.network;
  inference.surroundings.use_bind_port_ip = options.use_bind_port_ip;
  return Inventory(std::move(inference), *std::move(default_rule), std::move(own_hostname));
}

}  // namespace sluice::providers::docker
