// inference.h: from one container to its part of the configuration: what its labels say, completed with the defaults
// Traefik would infer. Pure.
//
// One bad label costs the object it belongs to, not the container. An object that was left out is never replaced by a
// default: a container whose only router is broken has no router.
#pragma once

#include <string>

#include "config/dynamic.h"
#include "config/problem.h"
#include "providers/docker/address.h"
#include "providers/docker/container.h"
#include "providers/docker/default_rule.h"
#include "providers/docker/visibility.h"

namespace sluice::providers::docker {

// What inference depends on beside the containers; fixed while the provider runs, except for the surroundings.
struct InferenceOptions {
  Exposure exposure;
  Surroundings surroundings;
  std::string kind = "container";  // as messages call what has the labels
};

// A container's part of the fragment.
struct Contribution {
  std::string container;  // id
  std::string owner;      // as messages name it: "container web-1"
  std::string order;      // contributions are merged in this order: "<service name>-<id>"
  bool leaving = false;   // told to stop, not ended yet
  bool pending = false;   // it has no address yet: worth another look soon
  config::Dynamic dynamic;
  config::Report report;
};

// `leaving`: a signal to stop was sent and the container has not ended yet.
Contribution infer(const Container& container, bool leaving, const Containers& all, const InferenceOptions& options,
                   const DefaultRule& default_rule);

}  // namespace sluice::providers::docker
