#include "control/demand_rules.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/text.h"
#include "tls/client_hello.h"

namespace sluice::control {
namespace {

using Patterns = std::set<route::HostPattern>;

void add(const config::OnDemand& options, server::DemandRules& rules, Patterns& patterns) {
  if (options.allow.empty()) rules.any_name = !options.ask.empty() || rules.any_name;
  for (const std::string& written : options.allow) {
    if (std::optional<route::HostPattern> pattern = demand_pattern(written)) patterns.insert(*std::move(pattern));
  }
}

route::HostIndex index_of(const Patterns& patterns) {
  return route::HostIndex(std::vector<route::HostPattern>(patterns.begin(), patterns.end()));
}

}  // namespace

std::optional<route::HostPattern> demand_pattern(std::string_view written) {
  written = trim(written);
  route::HostPattern pattern;
  const bool wildcard = written.starts_with("*.");
  pattern.kind = wildcard ? route::HostPattern::Kind::wildcard : route::HostPattern::Kind::exact;
  const bool good = tls::canonical_server_name(wildcard ? written.substr(2) : written, pattern.name);
  return good && !pattern.name.empty() ? std::optional(std::move(pattern)) : std::nullopt;
}

std::optional<server::DemandRules> demand_rules(const config::Static& configuration) {
  std::optional<server::DemandRules> rules;
  Patterns patterns;
  for (const auto& [name, resolver] : configuration.certificates_resolvers) {
    if (!resolver.acme || !resolver.acme->on_demand) continue;
    if (!rules) rules.emplace();
    add(*resolver.acme->on_demand, *rules, patterns);
  }
  if (rules) rules->names = index_of(patterns);
  return rules;
}

server::DemandRules demand_rules(const config::OnDemand& options) {
  server::DemandRules rules;
  Patterns patterns;
  add(options, rules, patterns);
  rules.names = index_of(patterns);
  return rules;
}

}  // namespace sluice::control
