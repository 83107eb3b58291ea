#include "config/removed_options.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/problem_codes.h"

namespace sluice::config {
namespace {

struct Removed {
  std::string_view path;
  std::string_view instead;
};

constexpr std::string_view kCaOptional =
    "remove it: whether a client certificate is asked for is not the client's choice";
constexpr std::string_view kNamespaces = "use namespaces, a list";
constexpr std::string_view kOpenTelemetry = "use tracing.otlp";

constexpr Removed kRemoved[] = {
    {kRemovedRoot, "remove it: Traefik Pilot does not exist any more"},
    {"providers.marathon", "remove it: the Marathon provider does not exist any more"},
    {"providers.rancher", "remove it: the Rancher provider does not exist any more"},
    {"providers.docker.swarmMode", "use providers.swarm"},
    {"providers.docker.tls.caOptional", kCaOptional},
    {"providers.swarm.tls.caOptional", kCaOptional},
    {"providers.etcd.tls.caOptional", kCaOptional},
    {"providers.redis.tls.caOptional", kCaOptional},
    {"providers.http.tls.caOptional", kCaOptional},
    {"providers.consul.tls.caOptional", kCaOptional},
    {"providers.consul.namespace", kNamespaces},
    {"providers.consulCatalog.endpoint.tls.caOptional", kCaOptional},
    {"providers.consulCatalog.namespace", kNamespaces},
    {"providers.nomad.endpoint.tls.caOptional", kCaOptional},
    {"providers.nomad.namespace", kNamespaces},
    {"experimental.http3", "remove it: HTTP/3 is no experiment any more, use http3 of the entry points"},
    {"tracing.spanNameLimit", "remove it"},
    {"tracing.jaeger", kOpenTelemetry},
    {"tracing.zipkin", kOpenTelemetry},
    {"tracing.datadog", kOpenTelemetry},
    {"tracing.instana", kOpenTelemetry},
    {"tracing.haystack", kOpenTelemetry},
    {"tracing.elastic", kOpenTelemetry},
};

void take(Node& node, const Removed& removed, std::string_view rest, Report& report) {
  const std::size_t dot = rest.find('.');
  const std::string_view name = rest.substr(0, dot);
  auto& children = node.children();
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const Node::Entry& entry) { return iequals(entry.key, name); });
  if (found == children.end()) return;
  if (dot != std::string_view::npos) {
    take(found->node, removed, rest.substr(dot + 1), report);
    // A group that held nothing else was not empty as it was written.
    if (found->node.is_map() && found->node.children().empty() && !found->node.has_text()) children.erase(found);
    return;
  }
  report.push_back({Severity::error, std::string(code::kRemoved), std::string(removed.path) + " was removed in v3",
                    found->source(), "Sluice does not start", std::string(removed.instead)});
  children.erase(found);
}

}  // namespace

void take_removed_options(Node& tree, Report& report) {
  for (const Removed& removed : kRemoved) take(tree, removed, removed.path, report);
}

}  // namespace sluice::config
