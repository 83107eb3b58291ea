#include "control/internal_provider.h"

#include <fmt/format.h>

#include <limits>
#include <optional>

#include "config/entry_point_address.h"
#include "control/problems.h"

namespace sluice::control {
namespace {

// The port that goes into the Location: none for the scheme's own.
std::optional<std::string> redirect_port(const config::Static& configuration,
                                         const config::EntryPointRedirection& redirection) {
  std::string port;
  if (redirection.to.starts_with(':')) {
    port = redirection.to.substr(1);
  } else {
    auto target = configuration.entry_points.find(redirection.to);
    if (target == configuration.entry_points.end()) return std::nullopt;
    std::optional<config::EntryPointAddress> address = config::parse_entry_point_address(target->second.address);
    if (!address) return std::nullopt;
    port = std::to_string(address->port);
    bool standard = (redirection.scheme == "https" && port == "443") || (redirection.scheme == "http" && port == "80");
    if (standard) port.clear();
  }
  return port;
}

std::string normal_name(std::string_view to) {
  std::string name;
  for (char c : to) {
    if (c != ':') name += c;
  }
  return name;
}

void add_redirection(const config::Static& configuration, const std::string& name,
                     const config::EntryPointRedirection& redirection, Fragment& fragment) {
  const config::EntryPoint& entry_point = configuration.entry_points.at(name);
  std::optional<std::string> port = redirect_port(configuration, redirection);
  if (redirection.to.empty() || !port) {
    fragment.report.push_back(problem(code::kUnknownEntryPoint,
                                      fmt::format("entry point {} is to redirect to {}, which does not exist", name,
                                                  redirection.to.empty() ? "nothing" : redirection.to),
                                      entry_point.source, "it does not redirect",
                                      "name an entry point, or a port as :443"));
    return;
  }
  std::string middleware = fmt::format("redirect-{}-to-{}", name, normal_name(redirection.to));
  config::RedirectScheme settings;
  settings.scheme = redirection.scheme;
  settings.port = *port;
  settings.permanent = redirection.permanent;
  fragment.configuration.http.middlewares[middleware].redirect_scheme = settings;

  config::HttpRouter router;
  router.entry_points = {name};
  router.middlewares = {middleware};
  router.service = "noop@internal";
  router.rule = "HostRegexp(`^.+$`)";
  router.priority = redirection.priority;
  router.source = entry_point.source;
  fragment.configuration.http.routers[fmt::format("{}-to-{}", name, normal_name(redirection.to))] = router;
}

class Ping final : public proxy::Handler {
 public:
  Ping(const std::atomic<bool>& terminating, std::uint16_t status) : terminating_(terminating), status_(status) {}

  Task<Result<http::Response>> handle(http::Request& request) const override {
    bool ends = terminating_.load(std::memory_order_relaxed);
    std::uint16_t status = ends ? status_ : std::uint16_t{200};
    co_return http::text_response(request.arena, status, ends ? http::reason_phrase(status_) : "OK");
  }

 private:
  const std::atomic<bool>& terminating_;
  std::uint16_t status_;
};

class Noop final : public proxy::Handler {
 public:
  Task<Result<http::Response>> handle(http::Request& request) const override {
    co_return http::text_response(request.arena, 418, "I'm a teapot");
  }
};

}  // namespace

Fragment internal_fragment(const config::Static& configuration) {
  Fragment fragment;
  fragment.provider = "internal";
  for (const auto& [name, entry_point] : configuration.entry_points) {
    const std::optional<config::EntryPointRedirection>& redirection = entry_point.http.redirections.entry_point;
    if (redirection) add_redirection(configuration, name, *redirection, fragment);
  }
  if (configuration.ping && !configuration.ping->manual_routing) {
    config::HttpRouter router;
    router.entry_points = {configuration.ping->entry_point};
    router.service = "ping@internal";
    router.rule = "PathPrefix(`/ping`)";
    router.priority = std::numeric_limits<std::int64_t>::max();
    router.source = config::Source{"ping"};
    fragment.configuration.http.routers["ping"] = router;
  }
  return fragment;
}

std::map<std::string, std::shared_ptr<const proxy::Handler>> internal_services(const config::Static& configuration,
                                                                               const std::atomic<bool>& terminating) {
  std::map<std::string, std::shared_ptr<const proxy::Handler>> services;
  services["noop@internal"] = std::make_shared<Noop>();
  if (configuration.ping) {
    auto status = static_cast<std::uint16_t>(configuration.ping->terminating_status_code);
    services["ping@internal"] = std::make_shared<Ping>(terminating, status);
  }
  return services;
}

}  // namespace sluice::control
