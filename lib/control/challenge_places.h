// challenge_places.h: whose ACME challenges are ours and whose are somebody else's, collected from routers, stores and
// entry points during a build. Control thread only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/problem.h"
#include "config/static_config.h"
#include "control/merged.h"
#include "control/service_builder.h"
#include "control/tcp_services.h"
#include "route/rule.h"
#include "server/challenge_rules.h"
#include "server/entry_point_settings.h"

namespace sluice::control {

class ChallengePlaces {
 public:
  // `entry_points` are those of the workers; both must outlive the object.
  ChallengePlaces(const config::Static& configuration, std::span<const server::EntryPointSettings> entry_points);

  // Starts a build; `merged` and `report` must live until `finish`.
  void begin(const Merged& merged, config::Report& report);

  // A router on these entry points whose rule could be read.
  void add(const std::string& name, const Owned<config::HttpRouter>& owned, const route::Rule& rule,
           const std::vector<std::size_t>& entry_points);
  void add(const std::string& name, const config::TcpRouter& router, const route::Rule& rule);
  // A router that takes requests: the hosts it names under acme.delegate are handed to its service.
  void delegate(const std::string& name, const config::HttpRouter& router,
                const std::shared_ptr<const proxy::Handler>& service);
  void delegate(const std::string& name, const config::TcpRouter& router,
                const std::shared_ptr<const proxy::TcpHandler>& service);

  // What the entry points say themselves comes before what routers say. One per entry point; empty when there are no
  // rules at all.
  std::vector<std::shared_ptr<const server::ChallengeRules>> finish(ServiceBuilder& services,
                                                                    TcpServices& tcp_services);

 private:
  template <class Target>
  using ByHost = std::map<std::string, Target>;
  struct Targets {
    ByHost<server::HttpChallengeTarget> http;
    ByHost<server::TcpChallengeTarget> tls;
  };

  bool is_proved_over_http(const std::string& resolver) const;
  void obtain(const std::string& by, const std::vector<std::string>& names);
  template <class Target>
  void put(ByHost<Target>& targets, const std::vector<std::string>& hosts, const Target& target,
           const config::Source& source);
  void add_own(const std::string& name, const config::EntryPoint& entry_point, ServiceBuilder& services,
               TcpServices& tcp_services, Targets& targets);
  void warn_about_shared_names();

  const config::Static& configuration_;
  std::span<const server::EntryPointSettings> entry_points_;
  bool models_;  // an entry point says for its routers how they do TLS
  const Merged* merged_ = nullptr;
  config::Report* report_ = nullptr;
  std::map<std::string, std::string> managed_;  // host to who obtains its certificate
  std::set<std::string> passing_;
  std::map<std::string, std::pair<std::string, const config::Source*>> passed_through_;  // host to TCP router
  Targets targets_;                                                                      // of routers
};

}  // namespace sluice::control
