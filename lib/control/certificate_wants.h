// certificate_wants.h: which certificates the routers of a configuration want from which resolver.
//
// Values, made by every build and told to every provider: the ACME client is one. Control thread.
#pragma once

#include <string>
#include <vector>

#include "config/problem.h"
#include "config/static_config.h"
#include "control/merged.h"
#include "control/rule_cache.h"

namespace sluice::control {

// One certificate: as the router wrote the names, which need not be names at all.
struct CertificateWant {
  std::string resolver;
  std::vector<std::string> names;  // the main one first
  std::string router;              // qualified, or what else wants it

  friend bool operator==(const CertificateWant&, const CertificateWant&) = default;
};

struct CertificateWants {
  std::vector<CertificateWant> wants;
  // Names and wildcards that certificates of other sources serve, for a third of their life at least.
  std::vector<std::string> provided;

  config::Report unknown_resolvers;  // wanted and not defined; `sluice check` has words of its own for them

  friend bool operator==(const CertificateWants&, const CertificateWants&) = default;
};

// Traefik's rules: `tls.domains` are one certificate each; without them the hosts of the rule are one together. Hosts
// under a negation, `*` and regular expressions do not count. A router without tls takes that of its entry points.
std::vector<CertificateWant> certificate_wants(const config::Static& configuration, const Merged& merged,
                                               RuleCache& rules, config::Report& unknown_resolvers);

}  // namespace sluice::control
