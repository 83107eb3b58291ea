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

struct Merged {
  // Takes these fragments instead of those it was made of. What is in both is not merged again: a change of one
  // provider costs what that provider has, not what all have. (Pointers to objects of fragments that went are no longer
  // good.)
  void take(const Fragments& now);

  Fragments fragments;  // it was made of, and lends from
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

 private:
  // Calls `each(map, map of the fragment)` for every kind of object that is found by its qualified name.
  template <class Each>
  void for_each_kind(const config::Dynamic& from, const Each& each);
  void add_tls(const config::Tls& tls, std::string_view provider);
};

Merged merge(const Fragments& fragments);

// "name@provider"; a name that has an '@' already is taken as it is.
std::string qualify(std::string_view name, std::string_view provider);

}  // namespace sluice::control
