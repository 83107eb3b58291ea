// labels.h: the labels of one container (or the tags of one service) to configuration:
// `traefik.http.routers.web.rule=…`.
//
// Works on what one container says; naming, ports, addresses and defaults are the provider's part.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/decode.h"
#include "config/dynamic.h"
#include "config/problem.h"

namespace sluice::config {

// `…services.<name>.loadbalancer.server.*`: what labels say about the one server that is the container itself.
struct ServerHints {
  std::string port;
  std::string scheme;                  // http only; empty: http
  std::string url;                     // http only; excludes port and scheme
  std::optional<std::int64_t> weight;  // http only
  bool preserve_path = false;          // http only
  bool tls = false;                    // tcp only: TLS towards the container
  DefinedAt source;

  friend bool operator==(const ServerHints&, const ServerHints&) = default;
};

// `traefik.docker.*` and `traefik.swarm.*`.
struct ProviderLabels {
  std::optional<std::string> network;
  bool allow_non_running = false;  // docker only
  std::optional<bool> lb_swarm;
  DefinedAt source;  // of the first label of the family; `where` is empty when there is none

  friend bool operator==(const ProviderLabels&, const ProviderLabels&) = default;
};

struct LabelConfiguration {
  // False: a label that decides about the whole container cannot be read (traefik.enable, traefik.docker.*). The
  // container must be skipped; the report says why.
  bool usable = true;
  std::optional<bool> enable;
  ProviderLabels docker;
  ProviderLabels swarm;

  // Servers of load balancers are empty: the provider adds the container's own, by the hints.
  Dynamic dynamic;
  std::map<std::string, ServerHints> http_servers;  // by name of the service in dynamic.http.services
  std::map<std::string, ServerHints> tcp_servers;
  std::map<std::string, ServerHints> udp_servers;

  // Objects that labels describe but that hold an error. A provider must not put a default in their place: a container
  // whose only router is left out has no router, instead of one without its middlewares.
  std::vector<LeftOut> left_out;
  bool anything_left_out(std::string_view section) const;  // "http.routers"; true also for a misspelt section of "http"
};

// `owner` names the container in sources: "container web". Labels are read in the order of their text, which decides
// whose letters a name keeps when two labels differ in case only. Labels that do not start with `prefix` are skipped.
LabelConfiguration decode_labels(const std::map<std::string, std::string>& labels, std::string_view owner,
                                 Report& report, std::string_view prefix = "traefik");

}  // namespace sluice::config
