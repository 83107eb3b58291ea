#include "control/merged.h"

namespace sluice::control {
namespace {

template <class T>
void add(std::map<std::string, Owned<T>>& into, const std::map<std::string, T>& from, std::string_view provider) {
  // Names are in nearly the same order with and without the provider behind them.
  auto last = into.end();
  for (const auto& [name, object] : from) {
    std::string qualified;
    qualified.reserve(name.size() + 1 + provider.size());
    qualified += name;
    qualified += '@';
    qualified += provider;
    last = into.emplace_hint(last, std::move(qualified), Owned<T>{&object, provider});
  }
}

void add_tls(Merged& merged, const config::Tls& tls, std::string_view provider) {
  for (const config::TlsCertificate& certificate : tls.certificates) {
    merged.certificates.push_back({&certificate, provider});
  }
  for (const auto& [name, options] : tls.options) {
    std::string key = name == "default" ? name : qualify(name, provider);
    if (!merged.tls_options.emplace(key, Owned<config::TlsOptions>{&options, provider}).second) {
      merged.twice.push_back({"the TLS options " + name + " are defined by two providers", &options.source});
    }
  }
  for (const auto& [name, store] : tls.stores) {
    if (!merged.tls_stores.emplace(name, Owned<config::TlsStore>{&store, provider}).second) {
      merged.twice.push_back({"the TLS store " + name + " is defined by two providers", &store.source});
    }
  }
}

}  // namespace

std::string qualify(std::string_view name, std::string_view provider) {
  std::string qualified(name);
  if (name.find('@') == std::string_view::npos) {
    qualified += '@';
    qualified += provider;
  }
  return qualified;
}

Merged merge(const Fragments& fragments) {
  Merged merged;
  for (const std::shared_ptr<const Fragment>& fragment : fragments) {
    const config::Http& http = fragment->configuration.http;
    add(merged.routers, http.routers, fragment->provider);
    add(merged.services, http.services, fragment->provider);
    add(merged.middlewares, http.middlewares, fragment->provider);
    add(merged.transports, http.servers_transports, fragment->provider);
    const config::Tcp& tcp = fragment->configuration.tcp;
    add(merged.tcp_routers, tcp.routers, fragment->provider);
    add(merged.tcp_services, tcp.services, fragment->provider);
    add(merged.tcp_middlewares, tcp.middlewares, fragment->provider);
    add(merged.tcp_transports, tcp.servers_transports, fragment->provider);
    add(merged.udp_routers, fragment->configuration.udp.routers, fragment->provider);
    add(merged.udp_services, fragment->configuration.udp.services, fragment->provider);
    add_tls(merged, fragment->configuration.tls, fragment->provider);
  }
  return merged;
}

}  // namespace sluice::control
