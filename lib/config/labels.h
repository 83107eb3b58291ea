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
#include "config/described.h"
#include "config/dynamic.h"
#include "config/problem.h"

namespace sluice::config {

// `traefik.http.services.<name>.loadbalancer.server.*`: what labels say about the one server that is the container.
struct HttpServerHints {
  std::string port;
  std::string scheme;  // empty: http
  std::string url;     // excludes port and scheme
  std::optional<std::int64_t> weight;
  bool preserve_path = false;
  DefinedAt source;
  static void describe(Describer<HttpServerHints>& describer);
  friend bool operator==(const HttpServerHints&, const HttpServerHints&) = default;
};

struct TcpServerHints {
  std::string port;
  bool tls = false;  // speak TLS to the container
  DefinedAt source;
  static void describe(Describer<TcpServerHints>& describer);
  friend bool operator==(const TcpServerHints&, const TcpServerHints&) = default;
};

struct UdpServerHints {
  std::string port;
  DefinedAt source;
  static void describe(Describer<UdpServerHints>& describer);
  friend bool operator==(const UdpServerHints&, const UdpServerHints&) = default;
};

// `traefik.docker.*` and `traefik.swarm.*`.
struct DockerLabels {
  std::optional<std::string> network;
  bool allow_non_running = false;
  std::optional<bool> lb_swarm;
  bool one_off = false;  // Sluice's own: a container of `compose run` takes part
  DefinedAt source;      // `where` is empty when there is no such label
  static void describe(Describer<DockerLabels>& describer);
  friend bool operator==(const DockerLabels&, const DockerLabels&) = default;
};

struct SwarmLabels {
  std::optional<std::string> network;
  std::optional<bool> lb_swarm;
  DefinedAt source;
  static void describe(Describer<SwarmLabels>& describer);
  friend bool operator==(const SwarmLabels&, const SwarmLabels&) = default;
};

struct LabelConfiguration {
  // False: a label that decides about the whole container cannot be read (traefik.enable, traefik.docker.*). The
  // container must be skipped; the report says why.
  bool usable = true;
  std::optional<bool> enable;
  DockerLabels docker;
  SwarmLabels swarm;

  // Servers of load balancers are empty: the provider adds the container's own, by the hints.
  Dynamic dynamic;
  std::map<std::string, HttpServerHints> http_servers;  // by name of the service in dynamic.http.services
  std::map<std::string, TcpServerHints> tcp_servers;
  std::map<std::string, UdpServerHints> udp_servers;

  // What labels describe but could not be used. A provider must not put a default in its place: a container whose only
  // router is left out has no router, instead of one without its middlewares.
  std::vector<LeftOut> left_out;
  bool anything_left_out(std::string_view section) const;  // "http.routers"; true also for a misspelt section of "http"
};

// `owner` names the container in sources: "container web". Labels are read in the order of their text, which decides
// whose letters a name keeps when two labels differ in case only. Labels outside `prefix` are skipped.
LabelConfiguration decode_labels(const std::map<std::string, std::string>& labels, std::string_view owner,
                                 Report& report, std::string_view prefix = "traefik");

}  // namespace sluice::config
