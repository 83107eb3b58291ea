#include "config/static_checks.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/entry_point_address.h"
#include "config/problem_codes.h"

namespace sluice::config {
namespace {

constexpr std::string_view kTraefik = "traefik";

class Checker {
 public:
  Checker(const Static& configuration, Report& report) : static_(configuration), report_(report) {}

  void check() {
    for (const auto& [name, entry_point] : static_.entry_points) check_entry_point(name, entry_point);
    check_shared_addresses();
    check_providers();
    for (const auto& [name, resolver] : static_.certificates_resolvers) check_resolver(name, resolver);
    check_observability();
    if (static_.ping && !static_.ping->manual_routing) used_entry_point("ping.entryPoint", static_.ping->entry_point);
    if (static_.api) check_api_path();
    if (static_.ocsp) {
      for (const auto& [from, to] : static_.ocsp->responder_overrides) {
        if (to.empty()) error({}, "ocsp.responderOverrides." + from + " is empty", "write the URL of a responder");
      }
    }
    if (static_.workers < 0 || static_.workers > 1024) {
      error({}, "workers: " + std::to_string(static_.workers) + " is not between 0 and 1024",
            "write 0 for as many as the process may use CPUs");
    }
  }

 private:
  void check_entry_point(const std::string& name, const EntryPoint& entry_point) {
    const std::string path = "entryPoints." + name;
    if (name.find('@') != std::string::npos) {
      error(entry_point.source, path + ": the name of an entry point must not contain @", "choose another name");
    }
    const std::optional<EntryPointAddress> address = parse_entry_point_address(entry_point.address);
    if (entry_point.address.empty()) {
      error(entry_point.source, path + ".address is missing", "write an address such as :80");
    } else if (!address) {
      error(entry_point.source, path + ".address: \"" + printable(entry_point.address, 200) + "\" is no address",
            "write [host]:port, with /udp for UDP, such as :80 or 127.0.0.1:8080");
    }
    if (entry_point.udp.timeout <= Duration::zero()) {
      error(entry_point.source, path + ".udp.timeout must be more than 0", "write a duration such as 3s");
    }
    for (const std::string& middleware : entry_point.http.middlewares) {
      if (middleware.find('@') != std::string::npos) continue;
      warn(entry_point.source, path + ".http.middlewares: \"" + printable(middleware, 200) + "\" names no provider",
           "routers of this entry point cannot find it", "write " + middleware + "@file or " + middleware + "@docker");
    }
    const std::optional<EntryPointRedirection>& redirection = entry_point.http.redirections.entry_point;
    if (!redirection) return;
    const std::string to = path + ".http.redirections.entryPoint.to";
    const bool is_port = !redirection->to.empty() && redirection->to.front() == ':';
    if (redirection->to.empty()) {
      warn(entry_point.source, to + " is missing", "nothing is redirected", "name an entry point, or write :port");
    } else if (!is_port && !static_.entry_points.contains(redirection->to)) {
      warn(entry_point.source, to + ": there is no entry point \"" + printable(redirection->to, 200) + '"',
           "nothing is redirected", "name one of: " + entry_point_names());
    } else if (is_port && !parse_entry_point_address(redirection->to)) {
      warn(entry_point.source, to + ": \"" + printable(redirection->to, 200) + "\" is no port", "nothing is redirected",
           "write :port with a number up to 65535");
    }
  }

  // Two entry points on one port: the second could not listen.
  void check_shared_addresses() {
    std::map<std::string, const std::string*> owners;
    for (const auto& [name, entry_point] : static_.entry_points) {
      const std::optional<EntryPointAddress> address = parse_entry_point_address(entry_point.address);
      if (!address || address->port == 0 || entry_point.reuse_port) continue;
      const std::string key = address->host + ' ' + std::to_string(address->port) +
                              (address->transport == Transport::udp ? " udp" : " tcp");
      const auto [first, is_new] = owners.emplace(key, &name);
      if (is_new) continue;
      error(entry_point.source,
            "entryPoints." + name + ".address: " + printable(entry_point.address, 200) +
                " is already the address of entry point " + *first->second,
            "give each entry point a port of its own");
    }
  }

  void check_providers() {
    const Providers& providers = static_.providers;
    if (providers.file && providers.file->filename.empty() && providers.file->directory.empty()) {
      error({}, "providers.file needs filename or directory", "write providers.file.directory");
    }
    if (providers.file && !providers.file->filename.empty() && !providers.file->directory.empty()) {
      warn({}, "providers.file has filename and directory", "only the directory is read", "remove one of the two");
    }
    static constexpr std::string_view kNames[] = {"kubernetesgateway",
                                                  "kubernetescrd",
                                                  "kubernetes",
                                                  "kubernetesingressnginx",
                                                  "swarm",
                                                  "docker",
                                                  "file",
                                                  "redis",
                                                  "knative",
                                                  "consul",
                                                  "nomad",
                                                  "consulcatalog",
                                                  "etcd",
                                                  "ecs",
                                                  "http",
                                                  "zookeeper",
                                                  "rest",
                                                  "internal"};
    for (const std::string& name : providers.precedence) {
      const bool plugin = name.rfind("plugin-", 0) == 0;
      if (plugin || std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames)) continue;
      error({}, "providers.precedence: there is no provider \"" + printable(name, 200) + '"',
            "write names such as docker, file");
    }
  }

  void check_resolver(const std::string& name, const CertificateResolver& resolver) {
    const std::string path = "certificatesResolvers." + name;
    if (resolver.acme && resolver.tailscale) {
      error(resolver.source, path + " has acme and tailscale", "remove one of the two");
    }
    if (!resolver.acme) return;
    if (resolver.acme->storage.empty()) {
      error(resolver.source, path + ".acme.storage is empty", "write a file name such as acme.json");
    }
    if (resolver.acme->certificates_duration < 1) {
      error(resolver.source, path + ".acme.certificatesDuration must be 1 or more", "write the life in hours");
    }
    if (resolver.acme->client_timeout < resolver.acme->client_response_header_timeout) {
      error(resolver.source, path + ".acme.clientTimeout is shorter than clientResponseHeaderTimeout",
            "make it at least as long");
    }
    if (resolver.acme->http_challenge) {
      used_entry_point(path + ".acme.httpChallenge.entryPoint", resolver.acme->http_challenge->entry_point);
    }
  }

  void check_observability() {
    const bool otlp_logs = static_.experimental && static_.experimental->otlp_logs;
    if (static_.log.otlp && !otlp_logs) error({}, "log.otlp needs experimental.otlpLogs", "set experimental.otlpLogs");
    if (static_.access_log && static_.access_log->otlp && !otlp_logs) {
      error({}, "accessLog.otlp needs experimental.otlpLogs", "set experimental.otlpLogs");
    }
    if (static_.log.otlp) check_grpc("log.otlp.grpc", static_.log.otlp->grpc);
    if (static_.access_log && static_.access_log->otlp)
      check_grpc("accessLog.otlp.grpc", static_.access_log->otlp->grpc);
    if (static_.tracing && static_.tracing->otlp) check_grpc("tracing.otlp.grpc", static_.tracing->otlp->grpc);
    if (!static_.metrics) return;
    if (static_.metrics->otlp) check_grpc("metrics.otlp.grpc", static_.metrics->otlp->grpc);
    if (static_.metrics->prometheus && !static_.metrics->prometheus->manual_routing) {
      used_entry_point("metrics.prometheus.entryPoint", static_.metrics->prometheus->entry_point);
    }
  }

  void check_grpc(const std::string& path, const std::optional<OtlpGrpc>& grpc) {
    if (grpc && grpc->insecure && grpc->tls) error({}, path + " has tls and insecure", "remove one of the two");
  }

  // A slash, then letters, digits, slashes and _ . : ~ -
  void check_api_path() {
    const std::string& path = static_.api->base_path;
    const bool good = !path.empty() && path.front() == '/' && std::all_of(path.begin(), path.end(), [](char c) {
      return is_alpha(c) || is_digit(c) || std::string_view("/_.:~-").find(c) != std::string_view::npos;
    });
    if (!good) error({}, "api.basePath: \"" + printable(path, 200) + "\" is no path", "write a path such as /traefik");
  }

  void used_entry_point(const std::string& option, const std::string& name) {
    if (static_.entry_points.contains(name)) return;
    warn({}, option + ": there is no entry point \"" + printable(name, 200) + '"', "nothing is served there",
         "name one of: " + entry_point_names());
  }

  std::string entry_point_names() const {
    std::string names;
    for (const auto& [name, entry_point] : static_.entry_points) names += (names.empty() ? "" : ", ") + name;
    return names;
  }

  void error(Source source, std::string what, std::string fix) {
    report_.push_back({Severity::error, std::string(code::kInconsistent), std::move(what), std::move(source),
                       "Sluice does not start", std::move(fix)});
  }

  void warn(Source source, std::string what, std::string effect, std::string fix) {
    report_.push_back({Severity::warning, std::string(code::kInconsistent), std::move(what), std::move(source),
                       std::move(effect), std::move(fix)});
  }

  const Static& static_;
  Report& report_;
};

}  // namespace

void add_implicit_entry_points(Static& configuration) {
  if (configuration.entry_points.empty()) configuration.entry_points["http"].address = ":80";

  const std::optional<Ping>& ping = configuration.ping;
  const std::optional<Metrics>& metrics = configuration.metrics;
  const bool wanted = (configuration.api && configuration.api->insecure) ||
                      (ping && ping->entry_point == kTraefik && !ping->manual_routing) ||
                      (metrics && metrics->prometheus && metrics->prometheus->entry_point == kTraefik &&
                       !metrics->prometheus->manual_routing) ||
                      (configuration.providers.rest && configuration.providers.rest->insecure);
  const std::string name(kTraefik);
  if (wanted && !configuration.entry_points.contains(name)) configuration.entry_points[name].address = ":8080";
}

void check_static(const Static& configuration, Report& report) { Checker(configuration, report).check(); }

std::vector<std::string> default_entry_points(const Static& configuration) {
  std::vector<std::string> flagged;
  std::vector<std::string> others;
  for (const auto& [name, entry_point] : configuration.entry_points) {
    const std::optional<EntryPointAddress> address = parse_entry_point_address(entry_point.address);
    if (!address || address->transport != Transport::tcp) continue;
    if (entry_point.as_default) flagged.push_back(name);
    if (name != kTraefik) others.push_back(name);
  }
  return flagged.empty() ? others : flagged;
}

}  // namespace sluice::config
