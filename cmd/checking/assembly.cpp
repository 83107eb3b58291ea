#include "cmd/checking/assembly.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "cmd/checking/codes.h"
#include "config/entry_point_address.h"
#include "control/cross_checks.h"
#include "control/internal_provider.h"
#include "control/references.h"
#include "providers/docker/inventory.h"
#include "providers/docker/problem_codes.h"
#include "providers/docker/process.h"
#include "providers/docker/provider.h"
#include "providers/docker/settings.h"
#include "providers/file/file_set.h"
#include "providers/file/merge.h"

namespace sluice::cmd::checking {
namespace {

using config::Problem;
using config::Severity;

void append(config::Report& to, const config::Report& from) { to.insert(to.end(), from.begin(), from.end()); }

bool is_ours(const std::string& key) { return istarts_with(key, "traefik."); }

bool has_route_labels(const ComposeService& service) {
  return std::any_of(service.labels.begin(), service.labels.end(), [](const ComposeLabel& label) {
    return istarts_with(label.key, "traefik.http.") || istarts_with(label.key, "traefik.tcp.") ||
           istarts_with(label.key, "traefik.udp.");
  });
}

class Assembler {
 public:
  Assembler(Material& material, control::MiddlewareKinds kinds, Assembly& assembly)
      : material_(material), kinds_(kinds), assembly_(assembly) {}

  void run() {
    append(assembly_.report, material_.loaded.report);
    append(assembly_.report, material_.report);
    for (const ComposeFile& file : material_.compose_files) append(assembly_.report, file.report);
    assembly_.static_known = material_.static_known && material_.loaded.configuration.has_value();
    if (assembly_.static_known) assembly_.configuration = *material_.loaded.configuration;

    if (assembly_.configuration.providers.docker) {
      // So that its options are looked at even when there is no container.
      (void)providers::docker::Settings::of(*assembly_.configuration.providers.docker, "providers.docker",
                                            assembly_.report);
    }
    if (!material_.dynamic_files.empty()) add_files();
    if (!material_.compose_files.empty() || material_.engine_read) add_containers();
    if (!assembly_.static_known) assume_entry_points();
    forget_host_names();
    assume_missing_providers();
    fragments_.insert(fragments_.begin(),
                      std::make_shared<control::Fragment>(control::internal_fragment(assembly_.configuration)));
    for (const auto& fragment : fragments_) assembly_.fragments.push_back(fragment);
    build();
  }

 private:
  void add(Severity severity, std::string_view code, std::string what, config::Source source, std::string effect,
           std::string fix) {
    assembly_.report.push_back(
        {severity, std::string(code), std::move(what), std::move(source), std::move(effect), std::move(fix)});
  }

  void add_files() {
    auto fragment = std::make_shared<control::Fragment>();
    fragment->provider = "file";
    for (const std::string& path : material_.dynamic_files) {
      config::FileProvider options;
      options.filename = path;
      providers::file::FileSet files(options);
      providers::file::FileSet::Loaded loaded =
          files.load(providers::file::FileSet::Reading::all, providers::file::FileSet::Empty::accept);
      append(fragment->report, loaded.report);
      providers::file::merge(loaded.configuration, fragment->configuration, Severity::error, fragment->report);
    }
    if (assembly_.static_known && !assembly_.configuration.providers.file) {
      add(Severity::warning, code::kNoProvider, "the static configuration has no providers.file",
          {material_.dynamic_files.front()}, "the file is not read",
          "set providers.file.directory to the directory of the file");
    }
    fragments_.push_back(std::move(fragment));
  }

  void add_containers() {
    std::vector<providers::docker::Container> containers;
    std::set<std::string> names;
    std::string own_id;
    for (const ComposeFile& file : material_.compose_files) {
      for (const ComposeService& service : file.services) {
        if (!names.insert(service.container.name).second) {
          add(Severity::error, code::kOneName,
              fmt::format("two services have the container name {}", service.container.name),
              {file.path, service.at.line, service.at.column}, "only one of them can be started",
              "give each a container_name of its own, or none");
        }
        if (service.is_router) own_id = service.container.id;
        services_.emplace(owner_of(service), &service);
        containers.push_back(service.container);
        exposure(file, service);
      }
    }
    for (const providers::docker::Container& container : material_.engine_containers) {
      if (!names.contains(container.name)) containers.push_back(container);
    }

    config::DockerProvider options;
    if (assembly_.configuration.providers.docker) options = *assembly_.configuration.providers.docker;
    if (own_id.empty() && material_.engine_read) own_id = providers::docker::own_container_id();
    config::Report reported;
    std::optional<providers::docker::Settings> settings =
        providers::docker::Settings::of(options, "providers.docker", reported);
    if (!settings) return;
    providers::docker::Inventory inventory(std::move(settings->inference), std::move(settings->default_rule),
                                           std::move(own_id));
    inventory.set_host_address("127.0.0.1");
    for (providers::docker::Container& container : containers) {
      std::string id = container.id;
      inventory.seen(id, std::move(container), 0);
    }
    auto fragment = std::make_shared<control::Fragment>(inventory.fragment(Time::now()));
    for (Problem& problem : fragment->report) temper(problem);
    std::erase_if(fragment->report, [](const Problem& problem) { return problem.code.empty(); });
    fragments_.push_back(std::move(fragment));
  }

  // Labels that lead nowhere because of what the static configuration says.
  void exposure(const ComposeFile& file, const ComposeService& service) {
    if (!assembly_.static_known || !has_route_labels(service)) return;
    config::Source at{file.path, service.at.line, service.at.column};
    const std::optional<config::DockerProvider>& docker = assembly_.configuration.providers.docker;
    if (!docker) {
      if (assembly_.configuration.providers.swarm || told_of_docker_) return;
      told_of_docker_ = true;
      add(Severity::warning, code::kNoProvider,
          fmt::format("service {} has labels, and the static configuration has no providers.docker", service.name),
          std::move(at), "labels are not read", "set providers.docker");
      return;
    }
    bool says = std::any_of(service.labels.begin(), service.labels.end(),
                            [](const ComposeLabel& label) { return iequals(label.key, "traefik.enable"); });
    if (docker->exposed_by_default || says) return;
    add(Severity::warning, code::kNotExposed,
        fmt::format("service {} has labels but not traefik.enable=true, and exposedByDefault is false", service.name),
        std::move(at), "its labels are not read", "add a label traefik.enable=true");
  }

  // A file does not know what an image exposes, and says nothing of containers without labels. A problem without code
  // is dropped.
  void temper(Problem& problem) const {
    constexpr std::string_view kLabel = " label ";
    auto found = services_.find(problem.source.where.substr(0, problem.source.where.find(kLabel)));
    if (found == services_.end()) return;
    const ComposeService& service = *found->second;
    bool labelled = std::any_of(service.labels.begin(), service.labels.end(),
                                [](const ComposeLabel& label) { return is_ours(label.key); });
    if (!labelled) problem.code.clear();
    if (problem.code == providers::docker::code::kNoPort && !service.knows_ports) {
      problem.severity = Severity::info;
      problem.what = fmt::format("service {} names no port: its image must expose one", service.name);
      problem.effect = "unless it does, requests are answered 503";
    }
  }

  void assume_entry_points() {
    std::map<std::string, config::EntryPoint>& known = assembly_.configuration.entry_points;
    std::set<std::string> tcp;
    std::set<std::string> udp;
    for (const auto& fragment : fragments_) {
      const config::Dynamic& dynamic = fragment->configuration;
      for (const auto& [name, router] : dynamic.http.routers)
        tcp.insert(router.entry_points.begin(), router.entry_points.end());
      for (const auto& [name, router] : dynamic.tcp.routers)
        tcp.insert(router.entry_points.begin(), router.entry_points.end());
      for (const auto& [name, router] : dynamic.udp.routers)
        udp.insert(router.entry_points.begin(), router.entry_points.end());
    }
    if (!tcp.empty()) known.clear();
    for (const std::string& name : tcp) known[name].address = ":0";
    for (const std::string& name : udp) known.try_emplace(name).first->second.address = ":0/udp";
    if (known.empty()) known["web"].address = ":0";
  }

  // Whether a host name of an address can be resolved is not for an offline check to say.
  void forget_host_names() {
    for (auto& [name, entry_point] : assembly_.configuration.entry_points) {
      std::optional<config::EntryPointAddress> address = config::parse_entry_point_address(entry_point.address);
      if (!address || address->host.empty() || IpAddress::parse(address->host)) continue;
      entry_point.address =
          fmt::format(":{}{}", address->port, address->transport == config::Transport::udp ? "/udp" : "");
    }
  }

  // "auth@file" in a compose file that was given alone: it is taken to exist.
  void assume_missing_providers() {
    std::set<std::string, std::less<>> given{"internal"};
    for (const auto& fragment : fragments_) given.insert(fragment->provider);
    const control::Fragments before(fragments_.begin(), fragments_.end());
    control::Merged merged = control::merge(before);
    const control::References named(assembly_.configuration, merged);
    std::map<std::string, std::shared_ptr<control::Fragment>> assumed;
    auto stub = [&](const std::string& name, std::string_view kind, auto define) {
      std::size_t at = name.rfind('@');
      if (at == std::string::npos || given.contains(std::string_view(name).substr(at + 1))) return;
      std::string provider = name.substr(at + 1);
      std::shared_ptr<control::Fragment>& fragment = assumed[provider];
      if (fragment == nullptr) fragment = std::make_shared<control::Fragment>();
      fragment->provider = provider;
      define(fragment->configuration, name.substr(0, at));
      Problem note{Severity::info,
                   std::string(code::kAssumed),
                   fmt::format("{} {} is taken to exist: nothing of provider {} was given", kind, name, provider),
                   {},
                   "",
                   "check it together with that provider's files"};
      assembly_.report.push_back(std::move(note));
    };
    for (const std::string& name : named.services) {
      stub(name, "service", [](config::Dynamic& dynamic, const std::string& bare) {
        dynamic.http.services[bare].load_balancer.emplace();
      });
    }
    for (const std::string& name : named.middlewares) {
      stub(name, "middleware", [](config::Dynamic& dynamic, const std::string& bare) {
        dynamic.http.middlewares[bare].redirect_scheme.emplace().scheme = "https";
      });
    }
    for (const std::string& name : named.tcp_services) {
      stub(name, "TCP service", [](config::Dynamic& dynamic, const std::string& bare) {
        dynamic.tcp.services[bare].load_balancer.emplace();
      });
    }
    for (const std::string& name : named.tcp_middlewares) {
      stub(name, "TCP middleware", [](config::Dynamic& dynamic, const std::string& bare) {
        dynamic.tcp.middlewares[bare].in_flight_conn.emplace().amount = 1;
      });
    }
    for (const std::string& name : named.udp_services) {
      stub(name, "UDP service", [](config::Dynamic& dynamic, const std::string& bare) {
        dynamic.udp.services[bare].load_balancer.emplace();
      });
    }
    auto options_of = [&](const auto& routers) {
      for (const auto& [router, owned] : routers) {
        if (!owned.object->tls || owned.object->tls->options.empty()) continue;
        stub(control::qualify(owned.object->tls->options, owned.provider), "TLS options",
             [](config::Dynamic& dynamic, const std::string& bare) { dynamic.tls.options[bare]; });
      }
    };
    options_of(merged.routers);
    options_of(merged.tcp_routers);
    for (auto& [provider, fragment] : assumed) fragments_.push_back(std::move(fragment));
  }

  void build() {
    assembly_.entry_points = control::make_entry_points(assembly_.configuration);
    if (assembly_.static_known) append(assembly_.report, assembly_.entry_points.report);
    assembly_.builder = std::make_unique<control::SnapshotBuilder>(
        assembly_.configuration, assembly_.entry_points.settings, 1, kinds_,
        control::internal_services(assembly_.configuration, assembly_.terminating), assembly_.registry);
    assembly_.build = assembly_.builder->build(assembly_.fragments);
    append(assembly_.report, assembly_.build.report);
    config::Report together;
    control::cross_check(assembly_.configuration, assembly_.static_known, assembly_.fragments, together);
    append(assembly_.report, together);
  }

  Material& material_;
  control::MiddlewareKinds kinds_;
  Assembly& assembly_;
  std::vector<std::shared_ptr<control::Fragment>> fragments_;
  std::map<std::string, const ComposeService*> services_;  // by owner_of
  bool told_of_docker_ = false;
};

}  // namespace

std::unique_ptr<Assembly> assemble(Material& material, control::MiddlewareKinds kinds) {
  auto assembly = std::make_unique<Assembly>();
  Assembler(material, kinds, *assembly).run();
  return assembly;
}

}  // namespace sluice::cmd::checking
