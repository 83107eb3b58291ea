// https_hosts.h: which TLS options belong to a host name on one entry point. The same lookup answers for the server
// name of a handshake and for the host of every request on it, so the two cannot disagree (RFC 9110 §15.5.20).
//
// Immutable; part of a snapshot.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "route/host_pattern.h"
#include "tls/server_context.h"

namespace sluice::server {

class HttpsHosts {
 public:
  struct Policy {
    std::string options;  // qualified name
    // Null: the options are missing or broken. Connections for their hosts are closed, never served with others.
    std::shared_ptr<const tls::ServerContext> context;

    friend bool operator==(const Policy&, const Policy&) = default;
  };
  struct Host {
    route::HostPattern pattern;  // exact or wildcard; each at most once
    std::uint32_t policy = 0;

    friend bool operator==(const Host&, const Host&) = default;
  };

  // The first policy is that of the default options. `catch_all`: a router takes requests for any host.
  HttpsHosts(std::vector<Policy> policies, const std::vector<Host>& hosts, bool catch_all)
      : policies_(std::move(policies)), catch_all_(catch_all) {
    std::vector<route::HostPattern> patterns;
    for (const Host& host : hosts) {
      patterns.push_back(host.pattern);
      policy_of_.push_back(host.policy);
    }
    index_ = route::HostIndex(patterns);
  }

  struct Found {
    const Policy* policy = nullptr;
    bool specific = false;  // a router names the host
  };
  // `name` is canonical; empty for a client that sent none. Any worker.
  Found find(std::string_view name) const {
    std::optional<std::uint32_t> host = index_.exact(name);
    if (!host) host = index_.wildcard(name);
    if (!host) return {&policies_.front(), false};
    return {&policies_[policy_of_[*host]], true};
  }
  bool catch_all() const { return catch_all_; }

 private:
  std::vector<Policy> policies_;
  route::HostIndex index_;
  std::vector<std::uint32_t> policy_of_;
  bool catch_all_;
};

}  // namespace sluice::server
