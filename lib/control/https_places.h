// https_places.h: which hosts of one entry point use which TLS options, collected from its routers during a build.
// Control thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/problem.h"
#include "control/tls_builder.h"
#include "server/https_hosts.h"

namespace sluice::control {

class HttpsPlaces {
 public:
  // A router for these hosts (`*.example.com` for one label; none: for any host) with these options. Two routers that
  // want different options for one host both get the default ones for it, as in Traefik, and are reported.
  void add(const std::vector<std::string>& hosts, const std::string& options, const std::string& router,
           const config::Source& source, config::Report& report);
  // The default options come first; hosts of options that cannot be used have a policy without context.
  void finish(TlsBuilder& tls);

  const std::vector<server::HttpsHosts::Policy>& policies() const { return policies_; }
  const std::vector<server::HttpsHosts::Host>& hosts() const { return listed_; }
  bool catch_all() const { return catch_all_; }

  // After `finish`: a table made of the one is good for the other.
  friend bool operator==(const HttpsPlaces& a, const HttpsPlaces& b) {
    return a.policies_ == b.policies_ && a.listed_ == b.listed_ && a.catch_all_ == b.catch_all_;
  }

 private:
  struct Use {
    std::string options;
    std::string router;
    bool conflict = false;
  };

  std::map<std::string, Use> uses_;
  bool catch_all_ = false;
  std::vector<server::HttpsHosts::Policy> policies_;
  std::vector<server::HttpsHosts::Host> listed_;
};

}  // namespace sluice::control
