// merged.h: the fragments of all providers as one configuration, with qualified names ("web@docker").
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/provider.h"

namespace sluice::control {

using Fragments = std::vector<std::shared_ptr<const Fragment>>;

// An object of one provider's fragment, which it keeps alive.
template <class T>
struct Owned {
  const T* object = nullptr;
  std::string_view provider;
};

// Lends from the fragments it was made of.
struct Merged {
  std::map<std::string, Owned<config::HttpRouter>> routers;
  std::map<std::string, Owned<config::HttpService>> services;
  std::map<std::string, Owned<config::Middleware>> middlewares;
  std::map<std::string, Owned<config::ServersTransport>> transports;
  std::map<std::string, Owned<config::TcpRouter>> tcp_routers;
  std::map<std::string, Owned<config::TcpService>> tcp_services;
  std::map<std::string, Owned<config::TcpMiddleware>> tcp_middlewares;
  std::map<std::string, Owned<config::TcpServersTransport>> tcp_transports;
  std::map<std::string, Owned<config::UdpRouter>> udp_routers;
  std::map<std::string, Owned<config::UdpService>> udp_services;
  std::vector<Owned<config::TlsCertificate>> certificates;
  std::map<std::string, Owned<config::TlsOptions>> tls_options;  // `default` has no provider
  std::map<std::string, Owned<config::TlsStore>> tls_stores;     // nor has any store

  // Objects without provider that two providers define; the first definition counts.
  struct Twice {
    std::string what;
    const config::Source* source = nullptr;
  };
  std::vector<Twice> twice;
};

Merged merge(const Fragments& fragments);

// "name@provider"; a name that has an '@' already is taken as it is.
std::string qualify(std::string_view name, std::string_view provider);

}  // namespace sluice::control
