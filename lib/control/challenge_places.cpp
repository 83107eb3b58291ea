#include "control/challenge_places.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "control/problems.h"
#include "http/authority.h"
#include "proxy/answering.h"

namespace sluice::control {
namespace {

// The host of `text` as requests and handshakes have it, with a leading "*." kept; empty for what is none.
std::string canonical_pattern(std::string_view text) {
  text = trim(text);
  bool wildcard = text.starts_with("*.");
  Arena arena;
  std::string host(wildcard ? text.substr(2) : text);
  if (host.find(':') != std::string::npos && !host.starts_with('[')) host = '[' + host + ']';
  std::optional<http::Authority> authority = http::parse_authority(host, arena);
  if (!authority || authority->port != 0) return {};
  return (wildcard ? "*." : "") + std::string(authority->host);
}

template <class Target>
server::ChallengeTargets<Target> table_of(const std::map<std::string, Target>& targets) {
  std::vector<std::pair<route::HostPattern, Target>> rows;
  for (const auto& [host, target] : targets) {
    route::HostPattern pattern;
    bool wildcard = host.starts_with("*.");
    pattern.kind = wildcard ? route::HostPattern::Kind::wildcard : route::HostPattern::Kind::exact;
    pattern.name = wildcard ? host.substr(2) : host;
    rows.emplace_back(std::move(pattern), target);
    rows.back().second.host = host;
  }
  return server::ChallengeTargets<Target>(std::move(rows));
}

std::vector<std::string> names_of(const std::vector<config::Domain>& domains, const route::Rule* rule) {
  if (domains.empty()) return rule == nullptr ? std::vector<std::string>() : route::hosts_of(*rule);
  std::vector<std::string> names;
  for (const config::Domain& domain : domains) {
    names.push_back(domain.main);
    names.insert(names.end(), domain.sans.begin(), domain.sans.end());
  }
  return names;
}

std::shared_ptr<const server::ChallengeRules::Names> shared(const std::set<std::string>& names) {
  if (names.empty()) return nullptr;
  return std::make_shared<const server::ChallengeRules::Names>(names.begin(), names.end());
}

}  // namespace

ChallengePlaces::ChallengePlaces(const config::Static& configuration,
                                 std::span<const server::EntryPointSettings> entry_points)
    : configuration_(configuration),
      entry_points_(entry_points),
      models_(std::any_of(configuration.entry_points.begin(), configuration.entry_points.end(),
                          [](const auto& one) { return one.second.http.tls.has_value(); })) {}

void ChallengePlaces::begin(const Merged& merged, config::Report& report) {
  merged_ = &merged;
  report_ = &report;
  managed_.clear();
  passing_.clear();
  passed_through_.clear();
  targets_ = {};
  for (const auto& [name, store] : merged.tls_stores) {
    const std::optional<config::GeneratedCert>& generated = store.object->default_generated_cert;
    if (!generated || !generated->domain || !is_proved_over_http(generated->resolver)) continue;
    obtain(fmt::format("TLS store {}", name), names_of({*generated->domain}, nullptr));
  }
}

// Only a resolver that proves names over HTTP makes questions about them ours.
bool ChallengePlaces::is_proved_over_http(const std::string& resolver) const {
  auto known = configuration_.certificates_resolvers.find(resolver);
  return known != configuration_.certificates_resolvers.end() && known->second.acme &&
         known->second.acme->http_challenge;
}

void ChallengePlaces::obtain(const std::string& by, const std::vector<std::string>& names) {
  for (const std::string& written : names) {
    std::string host = canonical_pattern(written);
    if (!host.empty() && !host.starts_with("*.")) managed_.emplace(std::move(host), by);
  }
}

void ChallengePlaces::add(const std::string& name, const Owned<config::HttpRouter>& owned, const route::Rule& rule,
                          const std::vector<std::size_t>& entry_points) {
  const config::HttpRouter& router = *owned.object;
  if (!models_ && !router.tls && !router.acme) return;
  bool passes = router.acme && iequals(router.acme->http01, "forward");
  for (std::size_t index : entry_points) {
    auto model = configuration_.entry_points.find(entry_points_[index].name);
    const config::RouterTls* tls = router.tls ? &*router.tls : nullptr;
    if (tls == nullptr && owned.provider != "internal" && model != configuration_.entry_points.end()) {
      tls = model->second.http.tls ? &*model->second.http.tls : nullptr;
    }
    if (tls == nullptr || !is_proved_over_http(tls->cert_resolver)) continue;
    obtain(fmt::format("router {}", name), names_of(tls->domains, &rule));
  }
  if (!passes) return;
  for (std::string& host : route::hosts_of(rule)) passing_.insert(std::move(host));
}

void ChallengePlaces::add(const std::string& name, const config::TcpRouter& router, const route::Rule& rule) {
  if (!router.tls) return;
  if (router.tls->passthrough) {
    for (std::string& host : route::hosts_of(rule)) {
      passed_through_.emplace(std::move(host), std::pair(name, &static_cast<const config::Source&>(router.source)));
    }
    return;
  }
  if (!is_proved_over_http(router.tls->cert_resolver)) return;
  obtain(fmt::format("TCP router {}", name), names_of(router.tls->domains, &rule));
}

template <class Target>
void ChallengePlaces::put(ByHost<Target>& targets, const std::vector<std::string>& hosts, const Target& target,
                          const config::Source& source) {
  for (const std::string& written : hosts) {
    std::string host = canonical_pattern(written);
    if (host.empty()) {
      report_->push_back(problem(
          code::kDelegation, fmt::format("{} delegates the challenges of {}, which is no host", target.router, written),
          source, "it is left out", "write a name, or *.example.com for one label"));
      continue;
    }
    auto [known, added] = targets.emplace(host, target);
    if (added || known->second.router == target.router) continue;
    report_->push_back(
        problem(code::kDelegation,
                fmt::format("{} and {} both want the challenges of {}", known->second.router, target.router, host),
                source, fmt::format("{} gets them", known->second.router), "remove one of the two"));
  }
}

void ChallengePlaces::delegate(const std::string& name, const config::HttpRouter& router,
                               const std::shared_ptr<const proxy::Handler>& service) {
  if (!router.acme || router.acme->delegate.empty()) return;
  server::HttpChallengeTarget target{fmt::format("router {}", name), std::make_shared<proxy::Answering>(service)};
  put(targets_.http, router.acme->delegate, target, router.source);
}

void ChallengePlaces::delegate(const std::string& name, const config::TcpRouter& router,
                               const std::shared_ptr<const proxy::TcpHandler>& service) {
  if (!router.acme || router.acme->delegate.empty()) return;
  put(targets_.tls, router.acme->delegate, server::TcpChallengeTarget{fmt::format("TCP router {}", name), service},
      router.source);
}

void ChallengePlaces::add_own(const std::string& name, const config::EntryPoint& entry_point, ServiceBuilder& services,
                              TcpServices& tcp_services, Targets& targets) {
  const std::string who = fmt::format("entry point {}", name);
  for (const config::EntryPointDelegation& one : entry_point.acme.delegate) {
    const std::string effect =
        fmt::format("the challenges of {} are not delegated", one.hosts.empty() ? "nobody" : one.hosts[0]);
    if (one.service.empty() && one.tcp_service.empty()) {
      report_->push_back(problem(code::kDelegation, fmt::format("{} delegates challenges to no service", who),
                                 entry_point.source, effect, "add service or tcpService, as name@provider"));
    }
    if (!one.service.empty()) {
      std::shared_ptr<const proxy::Handler> service =
          services.find(qualify(one.service, "internal"), entry_point.source, effect);
      if (service != nullptr) {
        server::HttpChallengeTarget target{who, std::make_shared<proxy::Answering>(std::move(service))};
        put(targets.http, one.hosts, target, entry_point.source);
      }
    }
    if (!one.tcp_service.empty()) {
      std::shared_ptr<const proxy::TcpHandler> service =
          tcp_services.find(qualify(one.tcp_service, "internal"), entry_point.source, effect);
      if (service != nullptr) {
        put(targets.tls, one.hosts, server::TcpChallengeTarget{who, std::move(service)}, entry_point.source);
      }
    }
  }
}

// Who asks by TLS-ALPN-01 for such a name gets to the host behind, unless an order of ours is open.
void ChallengePlaces::warn_about_shared_names() {
  for (const auto& [host, router] : passed_through_) {
    auto managed = managed_.find(host);
    if (managed == managed_.end()) continue;
    report_->push_back(
        problem(code::kDelegation,
                fmt::format("{} obtains the certificate of {}, and TCP router {} passes its TLS connections on",
                            managed->second, host, router.first),
                *router.second, "a CA that asks over TLS gets to the host behind, unless an order is open here",
                "remove one of the two", config::Severity::warning));
  }
}

std::vector<std::shared_ptr<const server::ChallengeRules>> ChallengePlaces::finish(ServiceBuilder& services,
                                                                                   TcpServices& tcp_services) {
  warn_about_shared_names();
  std::set<std::string> managed;
  for (const auto& [host, by] : managed_) managed.insert(host);
  server::ChallengeRules base;
  base.managed = shared(managed);
  base.passing = shared(passing_);
  auto rules_for = [&](const Targets& targets) {
    auto rules = std::make_shared<server::ChallengeRules>(base);
    rules->http = table_of(targets.http);
    rules->tls = table_of(targets.tls);
    return rules;
  };
  std::vector<std::shared_ptr<const server::ChallengeRules>> all;
  std::shared_ptr<const server::ChallengeRules> common;
  if (base.managed != nullptr || !targets_.http.empty() || !targets_.tls.empty()) common = rules_for(targets_);
  bool any = common != nullptr;
  for (const server::EntryPointSettings& settings : entry_points_) {
    auto written = configuration_.entry_points.find(settings.name);
    if (written == configuration_.entry_points.end() || written->second.acme.delegate.empty()) {
      all.push_back(common);
      continue;
    }
    Targets targets;
    add_own(settings.name, written->second, services, tcp_services, targets);
    targets.http.insert(targets_.http.begin(), targets_.http.end());
    targets.tls.insert(targets_.tls.begin(), targets_.tls.end());
    all.push_back(rules_for(targets));
    any = true;
  }
  if (!any) all.clear();
  return all;
}

}  // namespace sluice::control
