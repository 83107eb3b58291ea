#include "providers/docker/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "providers/docker/problem_codes.h"

namespace sluice::providers::docker {
namespace {

using Owners = std::map<std::string, std::set<std::string>>;

const std::string& key_of(const config::Server& server) { return server.url; }
const std::string& key_of(const config::TcpServer& server) { return server.address; }
const std::string& key_of(const config::UdpServer& server) { return server.address; }

template <class Service>
Service without_servers(Service service) {
  if (service.load_balancer) service.load_balancer->servers.clear();
  return service;
}

// Adds to `base` what `object` has beyond it. False: the two contradict each other.
template <class Object>
bool join(Object& base, const Object& object) {
  if constexpr (requires { base.load_balancer->servers; }) {
    if (!(without_servers(base) == without_servers(object))) return false;
    if (!base.load_balancer) return true;
    auto& servers = base.load_balancer->servers;
    for (const auto& server : object.load_balancer->servers) {
      auto same = [&](const auto& known) { return key_of(known) == key_of(server); };
      if (std::none_of(servers.begin(), servers.end(), same)) servers.push_back(server);
    }
    // So that the result does not depend on who came first.
    std::sort(servers.begin(), servers.end(), [](const auto& a, const auto& b) { return key_of(a) < key_of(b); });
    return true;
  } else {
    return base == object;
  }
}

class Merging {
 public:
  Merging(const std::vector<const Contribution*>& contributions, const Owners& live, config::Report& report)
      : contributions_(contributions), live_(live), report_(report) {}

  // `section` gives the map of a configuration; `kind` names its objects in messages.
  template <class Section>
  void merge(std::string_view kind, Section section) {
    using Map = std::decay_t<decltype(section(merged))>;
    using Object = typename Map::mapped_type;
    struct Definition {
      const Contribution* contribution;
      const Object* object;
    };
    std::map<std::string_view, std::vector<Definition>> definitions;
    for (const Contribution* contribution : contributions_) {
      for (const auto& [name, object] : section(contribution->dynamic)) {
        definitions[name].push_back(Definition{contribution, &object});
      }
    }
    for (auto& [name, candidates] : definitions) {
      std::string title = fmt::format("{} {}", kind, name);
      auto rank = [&](const Definition& definition) {
        if (definition.contribution->leaving) return 2;
        return was_live(title, definition.contribution->container) ? 0 : 1;
      };
      std::stable_sort(candidates.begin(), candidates.end(),
                       [&](const Definition& a, const Definition& b) { return rank(a) < rank(b); });
      const Definition& first = candidates.front();
      Object& kept = section(merged)[std::string(name)];
      kept = *first.object;
      for (const Definition& definition : candidates) {
        if (join(kept, *definition.object)) {
          owners[title].insert(definition.contribution->container);
        } else {
          report(title, *first.contribution, *definition.contribution, definition.object->source);
        }
      }
    }
  }

  config::Dynamic merged;
  Owners owners;

 private:
  bool was_live(const std::string& title, const std::string& container) const {
    auto found = live_.find(title);
    return found != live_.end() && found->second.contains(container);
  }

  void report(const std::string& title, const Contribution& winner, const Contribution& loser,
              const config::Source& source) {
    config::Problem problem;
    problem.severity = config::Severity::error;
    problem.code = code::kConflict;
    problem.what = fmt::format("{} defined multiple times with different configurations, by {} and {}",
                               printable(title, 256), winner.owner, loser.owner);
    problem.source = source.where.empty() ? config::Source{loser.owner} : source;
    problem.effect = fmt::format("the definition of {} stays, that of {} is left out", winner.owner, loser.owner);
    problem.fix = "give one of them another name, or make both equal";
    report_.push_back(std::move(problem));
  }

  const std::vector<const Contribution*>& contributions_;
  const Owners& live_;
  config::Report& report_;
};

}  // namespace

config::Dynamic Merger::merge(std::vector<const Contribution*> contributions, config::Report& report) {
  std::sort(contributions.begin(), contributions.end(),
            [](const Contribution* a, const Contribution* b) { return a->order < b->order; });
  for (const Contribution* contribution : contributions) {
    report.insert(report.end(), contribution->report.begin(), contribution->report.end());
  }
  Merging merging(contributions, live_, report);
  merging.merge(
      "HTTP router", [](auto& dynamic) -> auto& { return dynamic.http.routers; });
  merging.merge(
      "HTTP service", [](auto& dynamic) -> auto& { return dynamic.http.services; });
  merging.merge(
      "HTTP middleware", [](auto& dynamic) -> auto& { return dynamic.http.middlewares; });
  merging.merge(
      "HTTP serversTransport", [](auto& dynamic) -> auto& { return dynamic.http.servers_transports; });
  merging.merge(
      "TCP router", [](auto& dynamic) -> auto& { return dynamic.tcp.routers; });
  merging.merge(
      "TCP service", [](auto& dynamic) -> auto& { return dynamic.tcp.services; });
  merging.merge(
      "TCP middleware", [](auto& dynamic) -> auto& { return dynamic.tcp.middlewares; });
  merging.merge(
      "TCP serversTransport", [](auto& dynamic) -> auto& { return dynamic.tcp.servers_transports; });
  merging.merge(
      "UDP router", [](auto& dynamic) -> auto& { return dynamic.udp.routers; });
  merging.merge(
      "UDP service", [](auto& dynamic) -> auto& { return dynamic.udp.services; });
  merging.merge(
      "TLS options", [](auto& dynamic) -> auto& { return dynamic.tls.options; });
  merging.merge(
      "TLS store", [](auto& dynamic) -> auto& { return dynamic.tls.stores; });
  live_ = std::move(merging.owners);
  return std::move(merging.merged);
}

}  // namespace sluice::providers::docker
