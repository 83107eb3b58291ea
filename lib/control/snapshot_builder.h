// snapshot_builder.h: fragments to a snapshot and a report of what was left out.
//
// Total: every input gives a snapshot. A broken object is left out alone. What did not change since the last build is
// the same object: parsed rules, middlewares, services, and whole entry points. Control thread only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "control/certificate_wants.h"
#include "control/challenge_places.h"
#include "control/https_places.h"
#include "control/merged.h"
#include "control/middleware_builder.h"
#include "control/rule_cache.h"
#include "control/service_builder.h"
#include "control/tcp_middlewares.h"
#include "control/tcp_places.h"
#include "control/tcp_services.h"
#include "control/tls_builder.h"
#include "control/udp_services.h"
#include "server/entry_point_settings.h"
#include "server/snapshot.h"

namespace sluice::control {

struct Build {
  std::shared_ptr<const server::Snapshot> snapshot;
  config::Report report;
  std::vector<HealthTarget> health_targets;
  CertificateWants certificates;
  std::vector<TcpHealthTarget> tcp_health_targets;
  std::size_t routers = 0;  // that take requests
};

class SnapshotBuilder {
 public:
  // `entry_points` are those of the workers, in their order; all must outlive the builder.
  SnapshotBuilder(const config::Static& configuration, std::span<const server::EntryPointSettings> entry_points,
                  unsigned workers, MiddlewareKinds kinds,
                  std::map<std::string, std::shared_ptr<const proxy::Handler>> internal_services, Registry& registry);

  Build build(const Fragments& fragments);

  // The files that the last build read: certificates, keys, authorities. When one changes, build again.
  const std::set<std::string>& files() const { return tls_.files(); }
  TlsBuilder& tls() { return tls_; }
  // Of the last build.
  const ServiceBuilder& services() const { return services_; }

 private:
  // Where a router stands in the table of an entry point.
  struct Row {
    bool secure = false;  // takes requests over TLS only, and others not at all
    std::shared_ptr<const route::Rule> rule;
    std::string name;
    std::int64_t priority = 0;
    std::uint32_t rank = 0;
    bool redirects = false;  // by the entry point's own redirection

    friend bool operator==(const Row&, const Row&) = default;
  };
  // One router on one entry point.
  struct Placed : Row {
    Chain chain;
    std::shared_ptr<const proxy::Handler> service;
    bool takes_challenges = false;

    friend bool operator==(const Placed&, const Placed&) = default;
  };
  struct EntryPointState {
    std::vector<Placed> placed;
    HttpsPlaces https;
    std::vector<PlacedTcp> tcp;
    PlacedUdp udp;
    std::shared_ptr<const server::EntryPointRoutes> routes;
  };
  // What the routers of one entry point have become so far.
  struct Places {
    std::vector<Placed> placed;
    HttpsPlaces https;
    std::vector<PlacedTcp> tcp;
    PlacedUdp udp;
  };

  // What a router says by itself, whatever else the configuration has: as long as the router is the same, so is this.
  struct Read {
    std::string name;
    const config::HttpRouter* router = nullptr;  // of the fragments of this build
    std::shared_ptr<const route::Rule> rule;     // null: it takes no requests, as the report says
    std::vector<std::size_t> entry_points;
    std::uint32_t rank = 0;
    config::Report report;
  };

  void read_routers();
  Read read(const std::string& name, const Owned<config::HttpRouter>& owned);
  void place(const Read& read, const Owned<config::HttpRouter>& owned, config::Report& report,
             std::vector<Places>& places);
  bool place_tls(const std::string& name, const Owned<config::HttpRouter>& owned, const config::RouterTls* model,
                 const route::Rule& rule, config::Report& report, Places& places);
  void place_tcp(const std::string& name, const Owned<config::TcpRouter>& owned, config::Report& report,
                 std::vector<Places>& places);
  void place_udp(const std::string& name, const Owned<config::UdpRouter>& owned, config::Report& report,
                 std::vector<Places>& places);
  // Of a router of either kind.
  template <class Router>
  std::shared_ptr<const route::Rule> rule_of(const std::string& name, const Router& router, route::Family family,
                                             bool internal, config::Report& report);
  std::vector<std::size_t> entry_points_of(const std::string& name, const std::vector<std::string>& names, bool udp,
                                           const config::Source& source, config::Report& report) const;
  std::shared_ptr<const server::EntryPointRoutes> routes_of(std::size_t index, Places places);
  server::HttpRoutes routes_of(const std::vector<Placed>& placed, bool secure, std::size_t index,
                               const server::HttpRoutes* same_rows) const;
  std::uint32_t rank_of(std::string_view provider) const;

  const config::Static& configuration_;
  std::span<const server::EntryPointSettings> entry_points_;
  std::vector<const config::EntryPoint*> models_;  // of the entry points; null: not one of the static configuration
  std::vector<std::string> default_entry_points_;
  TlsBuilder tls_;
  ServiceBuilder services_;
  TcpServices tcp_services_;
  TcpMiddlewares tcp_middlewares_;
  UdpServices udp_services_;
  MiddlewareBuilder middlewares_;
  RuleCache rules_;
  Merged merged_;
  std::vector<Read> read_;  // the HTTP routers of the last build, as merged_ has them
  ChallengePlaces challenges_;
  std::vector<EntryPointState> states_;
  std::uint64_t number_ = 0;
};

}  // namespace sluice::control
