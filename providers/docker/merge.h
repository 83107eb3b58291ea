// merge.h: the contributions of all containers to one configuration.
//
// Replicas of a service share it: their servers are united when everything else is equal. Any other object may be
// defined by several containers as long as the definitions are equal. Of two different definitions the one that was
// live stays, unless its container is leaving, and the report names both owners. (Traefik drops both, so that two
// stacks that both call a router "web" take each other down, and so does every rolling update that changes a rule.)
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/dynamic.h"
#include "config/problem.h"
#include "providers/docker/inference.h"

namespace sluice::providers::docker {

class Merger {
 public:
  // Merges in order of `Contribution::order`. Remembers who is live for the next call.
  config::Dynamic merge(std::vector<const Contribution*> contributions, config::Report& report);

 private:
  // The object ("HTTP router web") to the containers that define it.
  std::map<std::string, std::set<std::string>> live_;
};

}  // namespace sluice::providers::docker
