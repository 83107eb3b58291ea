#include "control/https_places.h"

#include <fmt/format.h>

#include "control/problems.h"

namespace sluice::control {

void HttpsPlaces::add(const std::vector<std::string>& hosts, const std::string& options, const std::string& router,
                      const config::Source& source, config::Report& report) {
  if (hosts.empty()) {
    catch_all_ = true;
    if (options != TlsBuilder::kDefault) {
      report.push_back(
          problem(code::kTlsRouter,
                  fmt::format("router {} names no host, so its TLS options {} cannot be chosen", router, options),
                  source, "the default options are used", "add Host(`…`) to its rule", config::Severity::warning));
    }
    return;
  }
  for (const std::string& host : hosts) {
    auto [known, added] = uses_.try_emplace(host, Use{options, router, false});
    if (added || known->second.options == options) continue;
    known->second.conflict = true;
    report.push_back(
        problem(code::kTlsRouter,
                fmt::format("routers {} and {} want different TLS options for {}", known->second.router, router, host),
                source, "both get the default options for it", "give both the same options"));
  }
}

void HttpsPlaces::finish(TlsBuilder& tls) {
  std::map<std::string, std::uint32_t> numbers;
  auto policy_of = [&](const std::string& options) {
    auto [known, added] = numbers.try_emplace(options, static_cast<std::uint32_t>(policies_.size()));
    if (added) policies_.push_back({options, tls.context(options, TlsBuilder::For::http)});
    return known->second;
  };
  policy_of(std::string(TlsBuilder::kDefault));
  for (const auto& [host, use] : uses_) {
    // Options that cannot be used are never replaced by weaker ones.
    bool usable = tls.context(use.options, TlsBuilder::For::http) != nullptr;
    server::HttpsHosts::Host listed;
    listed.policy = policy_of(use.conflict && usable ? std::string(TlsBuilder::kDefault) : use.options);
    bool wildcard = host.starts_with("*.");
    listed.pattern.kind = wildcard ? route::HostPattern::Kind::wildcard : route::HostPattern::Kind::exact;
    listed.pattern.name = wildcard ? host.substr(2) : host;
    listed_.push_back(std::move(listed));
  }
}

}  // namespace sluice::control
