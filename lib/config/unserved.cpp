// unserved.cpp: the options this version knows, accepts and keeps, but does not serve yet. Using one is reported as a
// warning. Serving an option means deleting its line here; nothing else names it as unserved.
//
// "Type.option" as the describe functions name them, or "Type.option=value" for single values.
#include <algorithm>
#include <string>
#include <string_view>

#include "config/schema.h"

namespace sluice::config {
namespace {

constexpr std::string_view kUnserved[] = {
    // static
    "Static.api",
    "Static.metrics",
    "Static.accessLog",
    "Static.tracing",
    "Static.hostResolver",
    "Static.experimental",
    "Static.spiffe",
    "DefaultServersTransport.spiffe",
    "StaticTransportTls.spiffe",
    "Log.compress",
    "Log.otlp",
    // entry points
    "EntryPoint.http3",
    "EntryPoint.observability",
    // providers
    "Providers.rest",
    "Providers.consul",
    "Providers.etcd",
    "Providers.zooKeeper",
    "Providers.redis",
    "Providers.consulCatalog",
    "Providers.nomad",
    "Providers.ecs",
    "Providers.kubernetesIngress",
    "Providers.kubernetesIngressNGINX",
    "Providers.kubernetesCRD",
    "Providers.kubernetesGateway",
    "Providers.knative",
    "Providers.plugin",
    "CertificateResolver.tailscale",
    // TLS
    "ServersTransport.spiffe",
    // TCP
    "TcpTransportTls.spiffe",
    // routers and services
    "HttpRouter.observability",
};

}  // namespace

std::span<const std::string_view> unserved_options() { return kUnserved; }

void mark_unserved(StructSchema& schema) {
  for (const std::string_view entry : kUnserved) {
    const std::size_t dot = entry.find('.');
    if (entry.substr(0, dot) != schema.name) continue;
    const std::string_view option = entry.substr(dot + 1);
    const std::size_t equals = option.find('=');
    const auto field = std::find_if(schema.fields.begin(), schema.fields.end(),
                                    [&](const Field& f) { return f.name == option.substr(0, equals); });
    SLUICE_CHECK(field != schema.fields.end());
    if (equals == std::string_view::npos) {
      field->served = false;
    } else {
      field->unserved_values.emplace_back(option.substr(equals + 1));
    }
  }
}

}  // namespace sluice::config
