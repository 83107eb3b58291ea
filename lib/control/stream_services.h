// stream_services.h: what TcpServices and UdpServices have in common: services found by qualified name, each built once
// per build, and kept from one build to the next when nothing about it changed. Control thread only.
//
// `Kind` names the types:
//   Service, LoadBalancer, Weighted   of the configuration
//   Handler                           what a service becomes
//   Extra                             what else a service depends on, and carries; `same(a, b)` compares the former
//   kName ("TCP"), kPrefix ("tcp"), all(merged)
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/merged.h"
#include "control/problems.h"
#include "control/registry.h"
#include "proxy/strategy.h"
#include "proxy/weights.h"

namespace sluice::control {

template <class Kind>
class StreamServices {
 public:
  using Handler = std::shared_ptr<const typename Kind::Handler>;

  // Starts a build. `merged` and `report` must live until `finish`.
  void begin(const Merged& merged, config::Report& report) {
    merged_ = &merged;
    report_ = &report;
    last_ = std::exchange(built_, {});
  }

  // The handler of a qualified name; null when it does not exist or cannot be built, which has been reported.
  Handler find(const std::string& name, const config::Source& referrer, const std::string& effect) {
    const auto& all = Kind::all(*merged_);
    auto defined = all.find(name);
    if (defined != all.end()) return build(name, defined->second).handler;
    std::vector<std::string> known;
    known.reserve(all.size());
    for (const auto& [other, service] : all) known.push_back(other);
    report_->push_back(unknown_reference(fmt::format("{} service", Kind::kName), name, known, referrer, effect));
    return nullptr;
  }

  // Builds what nobody referred to as well, so that its problems are seen.
  void finish() {
    for (const auto& [name, service] : Kind::all(*merged_)) build(name, service);
    last_.clear();
  }

 protected:
  struct Built {
    typename Kind::Service definition;
    typename Kind::Extra extra;
    std::vector<Handler> children;
    Handler handler;
    config::Report report;
  };

  StreamServices(unsigned workers, Registry& registry) : workers_(workers), registry_(registry) {}
  ~StreamServices() = default;

  // Once per service and build, before anything else of it; the definition is there.
  virtual void prepare(const std::string& name, const Owned<typename Kind::Service>& owned, Built& built) = 0;
  // Then one of these, if the service changed since the last build. They set the handler, or report why there is none.
  virtual void build_load_balancer(const std::string& name, const typename Kind::LoadBalancer& settings,
                                   Built& built) = 0;
  virtual Handler weighted(const typename Kind::Weighted& settings, std::vector<Handler> children,
                           std::shared_ptr<proxy::WeightedPositions> positions) = 0;

  std::shared_ptr<proxy::WeightedPositions> positions(const std::string& key, const std::vector<double>& weights) {
    return registry_.get<proxy::WeightedPositions>(
        key, [&] { return std::make_shared<proxy::WeightedPositions>(workers_, weights); });
  }

  unsigned workers_;
  Registry& registry_;
  const Merged* merged_ = nullptr;
  config::Report* report_ = nullptr;
  std::map<std::string, Built> built_;

 private:
  const Built& build(const std::string& name, const Owned<typename Kind::Service>& owned) {
    if (auto done = built_.find(name); done != built_.end()) return done->second;
    const typename Kind::Service& service = *owned.object;
    const std::string effect = fmt::format("{} service {} cannot be used", Kind::kName, name);
    if (!building_.insert(name).second) {
      static const Built kNothing{};
      report_->push_back(problem(code::kCycle, fmt::format("{} service {} refers to itself", Kind::kName, name),
                                 service.source, "the service cannot be used", "remove one of the references"));
      return kNothing;
    }
    Built built;
    built.definition = service;
    prepare(name, owned, built);
    if (service.weighted) {
      for (const config::WeightedService& child : service.weighted->services) {
        built.children.push_back(find(qualify(child.name, owned.provider), service.source, effect));
      }
    }
    auto last = last_.find(name);
    if (last != last_.end() && last->second.definition == service && same(last->second.extra, built.extra) &&
        last->second.children == built.children) {
      built = std::move(last->second);
    } else if (service.load_balancer.has_value() == service.weighted.has_value()) {
      built.report.push_back(
          problem(code::kServiceType,
                  fmt::format("{} service {} has {}", Kind::kName, name, service.weighted ? "two types" : "no type"),
                  service.source, "the service cannot be used", "give it loadBalancer or weighted"));
    } else if (service.load_balancer) {
      build_load_balancer(name, *service.load_balancer, built);
    } else {
      build_weighted(name, *service.weighted, built);
    }
    building_.erase(name);
    report_->insert(report_->end(), built.report.begin(), built.report.end());
    return built_.emplace(name, std::move(built)).first->second;
  }

  void build_weighted(const std::string& name, const typename Kind::Weighted& settings, Built& built) {
    std::vector<double> weights;
    std::string key = fmt::format("{} {}", Kind::kPrefix, name);
    for (const config::WeightedService& child : settings.services) {
      std::int64_t weight = child.weight.value_or(1);
      if (weight < 0) {
        built.report.push_back(problem(
            code::kServer, fmt::format("{} service {}: the weight of {} is below 0", Kind::kName, name, child.name),
            built.definition.source, "the service cannot be used", "a weight is at least 0"));
        return;
      }
      weights.push_back(static_cast<double>(weight));
      key += fmt::format(" {}*{}", child.name, weight);
    }
    const bool complete = std::all_of(built.children.begin(), built.children.end(),
                                      [](const Handler& child) { return child != nullptr; });
    if (complete) built.handler = weighted(settings, built.children, positions(key, weights));  // else reported by find
  }

  std::map<std::string, Built> last_;
  std::set<std::string> building_;
};

}  // namespace sluice::control
