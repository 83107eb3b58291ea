#include "providers/docker/inference.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "config/labels.h"
#include "config/template/template.h"
#include "providers/docker/names.h"
#include "providers/docker/problem_codes.h"

namespace sluice::providers::docker {
namespace {

using config::LabelConfiguration;
using config::Problem;
using config::Severity;

class Inference {
 public:
  Inference(const Container& container, const Containers& all, const InferenceOptions& options,
            const DefaultRule& default_rule, Contribution& result)
      : container_(container), all_(all), options_(options), default_rule_(default_rule), result_(result) {}

  void run(bool leaving) {
    LabelConfiguration labels = config::decode_labels(container_.labels, result_.owner, result_.report);
    Visibility visibility = visibility_of(container_, labels, leaving, options_.exposure);
    if (!visibility.waiting_for.empty()) {
      add(Severity::info, code::kWaiting, visibility.waiting_for, {},
          visibility.presence == Presence::absent ? "its routers and services are left out" : "it gets no requests",
          "");
    }
    if (visibility.presence == Presence::absent) {
      if (labels.usable) result_.report.clear();  // nobody wants to hear of mistakes in what does not take part
      return;
    }
    serving_ = visibility.presence == Presence::serving;
    own_name_ = config::templates::normalize(service_name(container_));
    result_.dynamic = std::move(labels.dynamic);
    infer_tcp(labels);
    infer_udp(labels);
    infer_http(labels);
  }

 private:
  config::Http& http() { return result_.dynamic.http; }
  config::Tcp& tcp() { return result_.dynamic.tcp; }
  config::Udp& udp() { return result_.dynamic.udp; }

  void add(Severity severity, std::string_view code, std::string what, const config::Source& source, std::string effect,
           std::string fix) {
    Problem problem;
    problem.severity = severity;
    problem.code = code;
    problem.what = std::move(what);
    problem.source = source.where.empty() ? config::Source{result_.owner} : source;
    problem.effect = std::move(effect);
    problem.fix = std::move(fix);
    for (const Problem& known : result_.report) {
      if (known == problem) return;
    }
    result_.report.push_back(std::move(problem));
  }

  void infer_tcp(const LabelConfiguration& labels) {
    if (tcp().routers.empty() && tcp().services.empty()) return;
    bool default_service = tcp().services.empty() && !labels.anything_left_out("tcp.services");
    if (default_service) own_service(tcp().services[own_name_]);
    for (auto router = tcp().routers.begin(); router != tcp().routers.end();) {
      bool keep = !router->second.rule.empty();
      if (!keep) {
        add(Severity::error, code::kNoRule, fmt::format("Empty rule: TCP router {} has none", router->first),
            router->second.source, "the router is left out",
            fmt::format("add a label traefik.tcp.routers.{}.rule", router->first));
      }
      keep =
          keep && link("TCP", router->first, router->second, tcp().services, labels.anything_left_out("tcp.services"));
      router = keep ? std::next(router) : tcp().routers.erase(router);
    }
    for (auto& [name, service] : tcp().services) {
      if (!service.load_balancer) continue;  // weighted: it has no server of its own
      config::TcpServerHints hints = hints_of(labels.tcp_servers, name);
      std::optional<Endpoint> endpoint = endpoint_for("tcp", name, hints.port, hints.source);
      if (!endpoint) continue;
      config::TcpServer server;
      server.address = endpoint->to_string();
      server.tls = hints.tls;
      service.load_balancer->servers.push_back(server);
    }
  }

  void infer_udp(const LabelConfiguration& labels) {
    if (udp().routers.empty() && udp().services.empty()) return;
    bool default_service = udp().services.empty() && !labels.anything_left_out("udp.services");
    if (default_service) own_service(udp().services[own_name_]);
    for (auto router = udp().routers.begin(); router != udp().routers.end();) {
      bool keep = link("UDP", router->first, router->second, udp().services, labels.anything_left_out("udp.services"));
      router = keep ? std::next(router) : udp().routers.erase(router);
    }
    for (auto& [name, service] : udp().services) {
      if (!service.load_balancer) continue;
      config::UdpServerHints hints = hints_of(labels.udp_servers, name);
      std::optional<Endpoint> endpoint = endpoint_for("udp", name, hints.port, hints.source);
      if (!endpoint) continue;
      service.load_balancer->servers.push_back(config::UdpServer{endpoint->to_string()});
    }
  }

  void infer_http(const LabelConfiguration& labels) {
    bool others = !tcp().routers.empty() || !tcp().services.empty() || !udp().routers.empty() ||
                  !udp().services.empty() || labels.anything_left_out("tcp.routers") ||
                  labels.anything_left_out("tcp.services") || labels.anything_left_out("udp.routers") ||
                  labels.anything_left_out("udp.services");
    if (others && http().routers.empty() && http().services.empty() && http().middlewares.empty()) return;

    bool lost_service = labels.anything_left_out("http.services");
    bool default_service = http().services.empty() && !lost_service;
    if (default_service) own_service(http().services[own_name_]);
    // A default route to ourselves would be a circle, or publish what nobody asked to publish.
    bool own = container_.id == options_.surroundings.own_container;
    if (!own && http().routers.empty() && !labels.anything_left_out("http.routers") && http().services.size() == 1 &&
        !lost_service) {
      http().routers[own_name_].source = config::Source{result_.owner};
    }
    if (own && default_service && http().routers.empty()) http().services.erase(own_name_);
    bool default_service_used = false;
    for (auto router = http().routers.begin(); router != http().routers.end();) {
      bool keep = (!router->second.rule.empty() || set_default_rule(router->first, router->second)) &&
                  link("HTTP", router->first, router->second, http().services, lost_service);
      default_service_used = default_service_used || (keep && router->second.service == own_name_);
      router = keep ? std::next(router) : http().routers.erase(router);
    }
    for (auto service = http().services.begin(); service != http().services.end();) {
      // A container that only defines middlewares, or points at api@internal, needs no port.
      bool wanted = !default_service || default_service_used;
      service = add_http_server(service->first, service->second, labels, wanted) ? std::next(service)
                                                                                 : http().services.erase(service);
    }
  }

  // False: the service is of no use and nobody asked for it.
  bool add_http_server(const std::string& name, config::HttpService& service, const LabelConfiguration& labels,
                       bool wanted) {
    if (!service.load_balancer) return true;  // weighted and the like: it has no server of its own
    config::HttpServerHints hints = hints_of(labels.http_servers, name);
    config::Server server;
    server.weight = hints.weight;
    server.preserve_path = hints.preserve_path;
    if (!hints.url.empty()) {
      if (!hints.port.empty() || !hints.scheme.empty()) {
        add(Severity::error, code::kContradiction,
            fmt::format("service {} has server.url and also server.port or server.scheme", name), hints.source,
            "the service has no server", "keep server.url, or the other two");
        return true;
      }
      server.url = hints.url;
      if (!serving_) return true;
    } else {
      if (!wanted && !choose_endpoint(container_, 0, Protocol::tcp, all_, options_.surroundings).missing.empty()) {
        return false;
      }
      std::optional<Endpoint> endpoint = endpoint_for("http", name, hints.port, hints.source);
      if (!endpoint) return true;
      server.url = fmt::format("{}://{}", hints.scheme.empty() ? "http" : hints.scheme, endpoint->to_string());
    }
    service.load_balancer->servers.push_back(server);
    return true;
  }

  // The one service named as the container is, with default settings.
  template <class Service>
  void own_service(Service& service) {
    service.source = config::Source{result_.owner};
    service.load_balancer.emplace();
  }

  template <class Hints>
  static Hints hints_of(const std::map<std::string, Hints>& all, const std::string& service) {
    auto found = all.find(service);
    return found == all.end() ? Hints() : found->second;
  }

  // A router without a service gets the only one. False: it cannot be linked and must go.
  template <class Router, class Service>
  bool link(std::string_view kind, const std::string& name, Router& router,
            const std::map<std::string, Service>& services, bool lost_service) {
    if (!router.service.empty()) return true;
    if (services.size() == 1 && !lost_service) {
      router.service = services.begin()->first;
      return true;
    }
    std::string names;
    for (const auto& [service, unused] : services) names += (names.empty() ? "" : ", ") + service;
    std::string what =
        services.empty()
            ? fmt::format("{} router {} has no service: the container's own was left out", kind, name)
            : fmt::format("{} router {} cannot be linked automatically with multiple Services: {}", kind, name, names);
    add(Severity::error, code::kAmbiguous, std::move(what), router.source, "the router is left out",
        fmt::format("add a label traefik.{}.routers.{}.service", lowered(kind), name));
    return false;
  }

  bool set_default_rule(const std::string& name, config::HttpRouter& router) {
    if (container_.id == options_.surroundings.own_container) {
      add(Severity::warning, code::kDefaultRule,
          fmt::format("router {} of Sluice's own container has no rule, and there is no default one", name),
          router.source, "the router is left out", fmt::format("add a label traefik.http.routers.{}.rule", name));
      return false;
    }
    std::string error;
    std::optional<std::string> rule = default_rule_.render(container_, error);
    if (!rule) {
      add(Severity::error, code::kDefaultRule,
          fmt::format("router {} has no rule, and the default rule cannot be used: {}", name, error), router.source,
          "the router is left out", fmt::format("add a label traefik.http.routers.{}.rule", name));
      return false;
    }
    router.rule = *std::move(rule);
    router.rule_syntax = "v3";  // whatever core.defaultRuleSyntax says
    return true;
  }

  // Where the container serves this service; nothing when it gets no requests, and why is in the report.
  std::optional<Endpoint> endpoint_for(std::string_view section, const std::string& service,
                                       const std::string& port_text, const config::Source& source) {
    if (!serving_) return std::nullopt;
    std::uint16_t label = 0;
    if (!port_text.empty()) {
      std::optional<std::uint64_t> port = parse_u64(trim(port_text));
      if (!port || *port == 0 || *port > 65535) {
        add(Severity::error, code::kWrongPort,
            fmt::format("service {}: \"{}\" is not a port (1 to 65535)", service, printable(port_text, 64)), source,
            "the service has no server", "give the container's port");
        return std::nullopt;
      }
      label = static_cast<std::uint16_t>(*port);
    }
    Protocol protocol = section == "udp" ? Protocol::udp : Protocol::tcp;
    std::string port_label = fmt::format("traefik.{}.services.{}.loadbalancer.server.port", section, service);
    Endpoint endpoint = choose_endpoint(container_, label, protocol, all_, options_.surroundings);
    if (!endpoint.missing.empty()) {
      result_.pending = result_.pending || endpoint.pending;
      bool no_port = endpoint.port == 0;
      add(Severity::error, no_port ? code::kNoPort : code::kNoAddress, endpoint.missing, {},
          fmt::format("service {} has no server", service),
          no_port ? "add a label " + port_label : "connect the container to a network Sluice is on");
      return std::nullopt;
    }
    if (!endpoint.warning.empty()) {
      add(Severity::warning, code::kNetworkChoice, endpoint.warning, {}, "requests to it may fail",
          "connect the container to the network, or correct the label traefik.docker.network");
    }
    if (label == 0) tell_port_choice(service, endpoint, protocol, port_label);
    return endpoint;
  }

  void tell_port_choice(const std::string& service, const Endpoint& endpoint, Protocol protocol,
                        const std::string& port_label) {
    std::string exposed;
    int count = 0;
    for (const Port& port : container_.ports) {
      if (port.protocol != protocol) continue;
      exposed += (count++ == 0 ? "" : ", ") + std::to_string(port.number);
    }
    if (count < 2) return;
    add(Severity::info, code::kPortChoice,
        fmt::format("service {}: the container exposes {}; {} was picked", service, exposed, endpoint.port), {}, "",
        fmt::format("a label {} chooses another", port_label));
  }

  const Container& container_;
  const Containers& all_;
  const InferenceOptions& options_;
  const DefaultRule& default_rule_;
  Contribution& result_;
  bool serving_ = false;
  std::string own_name_;
};

}  // namespace

Contribution infer(const Container& container, bool leaving, const Containers& all, const InferenceOptions& options,
                   const DefaultRule& default_rule) {
  Contribution result;
  result.container = container.id;
  result.owner = options.kind + " " + printable(display_name(container), 128);
  result.leaving = leaving;
  result.order = service_name(container) + "-" + container.id;
  Inference(container, all, options, default_rule, result).run(leaving);
  return result;
}

}  // namespace sluice::providers::docker
