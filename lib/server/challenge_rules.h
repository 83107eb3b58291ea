// challenge_rules.h: what the configuration says about challenges that are not ours: for which hosts we obtain
// certificates ourselves, and to whom challenges of other hosts are handed straight.
//
// Immutable; part of a snapshot, one per entry point (docs/challenges.md has the rules in words).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "proxy/handler.h"
#include "proxy/tcp_handler.h"
#include "route/host_pattern.h"

namespace sluice::server {

// Targets by host: an exact host comes before the wildcard it falls under.
template <class Target>
class ChallengeTargets {
 public:
  ChallengeTargets() = default;
  // Each pattern once, none of them `any`.
  explicit ChallengeTargets(std::vector<std::pair<route::HostPattern, Target>> targets) {
    std::vector<route::HostPattern> patterns;
    for (auto& [pattern, target] : targets) {
      patterns.push_back(std::move(pattern));
      targets_.push_back(std::move(target));
    }
    index_ = route::HostIndex(patterns);
  }

  // Null when nobody was named for the host. Any worker.
  const Target* find(std::string_view host) const {
    if (targets_.empty()) return nullptr;
    std::optional<std::uint32_t> found = index_.exact(host);
    if (!found) found = index_.wildcard(host);
    return found ? &targets_[*found] : nullptr;
  }
  bool empty() const { return targets_.empty(); }
  const std::vector<Target>& all() const { return targets_; }

 private:
  route::HostIndex index_;
  std::vector<Target> targets_;
};

struct HttpChallengeTarget {
  std::string router;  // qualified name of whoever named it
  std::shared_ptr<const proxy::Handler> service;
  std::string host{};  // or "*." and what a label comes before
};
struct TcpChallengeTarget {
  std::string router;
  std::shared_ptr<const proxy::TcpHandler> service;
  std::string host{};
};

struct ChallengeRules {
  using Names = std::unordered_set<std::string, TextHash, std::equal_to<>>;

  // Hosts, by exact name, whose certificates a resolver with an HTTP challenge obtains here.
  std::shared_ptr<const Names> managed;
  // Those of them that a router with acme.http01=forward names.
  std::shared_ptr<const Names> passing;
  // Who gets the questions about a host: a service without middlewares, and a TCP service that gets the raw bytes.
  ChallengeTargets<HttpChallengeTarget> http;
  ChallengeTargets<TcpChallengeTarget> tls;

  bool manages(std::string_view host) const { return has(managed, host); }
  bool lets_pass(std::string_view host) const { return has(passing, host); }

 private:
  static bool has(const std::shared_ptr<const Names>& names, std::string_view host) {
    return names != nullptr && names->find(host) != names->end();
  }
};

}  // namespace sluice::server
