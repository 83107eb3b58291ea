// building.h: for tests of builds: fragments from YAML, a middleware, and a SnapshotBuilder with all that it needs.
#pragma once

#include <atomic>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/decode.h"
#include "config/yaml.h"
#include "control/internal_provider.h"
#include "control/snapshot_builder.h"
#include "support/catch.h"

namespace sluice::control {

class Passes final : public proxy::Middleware {
 public:
  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override {
    return next.handle(request);
  }
};

// Stands for any kind of middleware: it can be built if its settings are complete.
inline constexpr MiddlewareKind kPassingKind = {
    "redirectScheme", [](const config::Middleware& settings) { return settings.redirect_scheme.has_value(); },
    [](const MiddlewareParts& parts) {
      if (parts.settings.redirect_scheme->scheme.empty()) return MadeMiddleware::refused("it needs a scheme");
      return MadeMiddleware::of(std::make_shared<Passes>());
    }};

inline std::shared_ptr<const Fragment> fragment(const std::string& provider, const std::string& yaml) {
  auto made = std::make_shared<Fragment>();
  made->provider = provider;
  std::optional<config::Node> tree = config::parse_yaml(yaml, provider + ".yml", made->report);
  for (const config::Problem& problem : made->report) UNSCOPED_INFO(config::to_line(problem));
  REQUIRE(tree.has_value());
  std::optional<config::Dynamic> decoded = config::decode_dynamic(*tree, made->report);
  REQUIRE(decoded.has_value());
  made->configuration = std::move(*decoded);
  return made;
}

// The router that takes GET http://HOST PATH, or "".
inline std::string taker(const server::HttpRoutes& routes, std::string_view host, std::string_view path = "/") {
  Arena arena;
  http::Peer peer;
  http::Request request(arena, peer);
  request.host = request.authority = host;
  request.target.path = request.target.match_path = path;
  std::optional<std::uint32_t> matched = routes.table.match(request);
  return matched ? routes.routes[*matched].router : "";
}

struct Building {
  // Names and addresses of the entry points, in the order of the names.
  Building(std::initializer_list<std::pair<const char*, const char*>> entry_points) {
    for (const auto& [name, address] : entry_points) {
      configuration.entry_points[name].address = address;
      settings.emplace_back().name = name;
    }
  }

  const Build& build(const Fragments& from) {
    if (!builder) {
      builder.emplace(configuration, settings, 2, MiddlewareKinds{std::span(&kind, 1), {}},
                      internal_services(configuration, terminating), registry);
    }
    fragments = from;
    built = builder->build(from);
    report.clear();
    for (const config::Problem& problem : built.report) report += config::to_line(problem) + "\n";
    UNSCOPED_INFO(report);
    return built;
  }
  bool reports(const std::string& text) const { return report.find(text) != std::string::npos; }

  config::Static configuration;
  std::vector<server::EntryPointSettings> settings;
  MiddlewareKind kind = kPassingKind;
  std::atomic<bool> terminating{false};
  Registry registry;
  std::optional<SnapshotBuilder> builder;  // made by the first build
  Fragments fragments;                     // of the last one
  Build built;
  std::string report;  // its lines
};

}  // namespace sluice::control
