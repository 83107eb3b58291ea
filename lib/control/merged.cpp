#include "control/merged.h"

#include <algorithm>

namespace sluice::control {
namespace {

std::string behind(const std::string& name, std::string_view provider) {
  std::string qualified;
  qualified.reserve(name.size() + 1 + provider.size());
  qualified += name;
  qualified += '@';
  qualified += provider;
  return qualified;
}

bool has(const Fragments& fragments, const std::shared_ptr<const Fragment>& one) {
  return std::find(fragments.begin(), fragments.end(), one) != fragments.end();
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

template <class Each>
void Merged::for_each_kind(const config::Dynamic& from, const Each& each) {
  each(routers, from.http.routers);
  each(services, from.http.services);
  each(middlewares, from.http.middlewares);
  each(transports, from.http.servers_transports);
  each(tcp_routers, from.tcp.routers);
  each(tcp_services, from.tcp.services);
  each(tcp_middlewares, from.tcp.middlewares);
  each(tcp_transports, from.tcp.servers_transports);
  each(udp_routers, from.udp.routers);
  each(udp_services, from.udp.services);
}

void Merged::take(const Fragments& now) {
  for (const std::shared_ptr<const Fragment>& fragment : fragments) {
    if (has(now, fragment)) continue;
    for_each_kind(fragment->configuration, [&](auto& into, const auto& from) {
      for (const auto& [name, object] : from) into.erase(behind(name, fragment->provider));
    });
  }
  for (const std::shared_ptr<const Fragment>& fragment : now) {
    if (has(fragments, fragment)) continue;
    for_each_kind(fragment->configuration, [&](auto& into, const auto& from) {
      // Names are in nearly the same order with and without the provider behind them.
      auto last = into.end();
      for (const auto& [name, object] : from) {
        last = into.emplace_hint(last, behind(name, fragment->provider),
                                 typename std::decay_t<decltype(into)>::mapped_type{&object, fragment->provider});
      }
    });
  }
  fragments = now;
  certificates.clear();
  tls_options.clear();
  tls_stores.clear();
  twice.clear();
  for (const std::shared_ptr<const Fragment>& fragment : fragments) {
    add_tls(fragment->configuration.tls, fragment->provider);
  }
}

void Merged::add_tls(const config::Tls& tls, std::string_view provider) {
  for (const config::TlsCertificate& certificate : tls.certificates) certificates.push_back({&certificate, provider});
  for (const auto& [name, options] : tls.options) {
    std::string key = name == "default" ? name : qualify(name, provider);
    if (!tls_options.emplace(key, Owned<config::TlsOptions>{&options, provider}).second) {
      twice.push_back({"the TLS options " + name + " are defined by two providers", &options.source});
    }
  }
  for (const auto& [name, store] : tls.stores) {
    if (!tls_stores.emplace(name, Owned<config::TlsStore>{&store, provider}).second) {
      twice.push_back({"the TLS store " + name + " is defined by two providers", &store.source});
    }
  }
}

Merged merge(const Fragments& fragments) {
  Merged merged;
  merged.take(fragments);
  return merged;
}

}  // namespace sluice::control
