#include "control/merged.h"

namespace sluice::control {
namespace {

template <class T>
void add(std::map<std::string, Owned<T>>& into, const std::map<std::string, T>& from, std::string_view provider) {
  for (const auto& [name, object] : from) {
    std::string qualified = std::string(name) + '@';
    qualified += provider;
    into.emplace_hint(into.end(), std::move(qualified), Owned<T>{&object, provider});
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
  }
  return merged;
}

}  // namespace sluice::control
