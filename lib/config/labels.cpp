#include "config/labels.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"
#include "config/problem_codes.h"
#include "config/scalars.h"
#include "config/schema.h"
#include "config/text_tree.h"

namespace sluice::config {

void HttpServerHints::describe(Describer<HttpServerHints>& d) {
  d.name("HttpServerHints");
  d.option("port", &HttpServerHints::port, "Port of the container.");
  d.option("scheme", &HttpServerHints::scheme, "Scheme spoken to the container; empty: http.")
      .one_of({"http", "https", "h2c"});
  d.option("url", &HttpServerHints::url, "Whole URL, instead of the address of the container.");
  d.option("weight", &HttpServerHints::weight, "Share of requests; unset: 1.");
  d.option("preservePath", &HttpServerHints::preserve_path, "Put the path of the URL in front of the request path.");
  d.source(&HttpServerHints::source);
}

void TcpServerHints::describe(Describer<TcpServerHints>& d) {
  d.name("TcpServerHints");
  d.option("port", &TcpServerHints::port, "Port of the container.");
  d.option("tls", &TcpServerHints::tls, "Speak TLS to the container.");
  d.source(&TcpServerHints::source);
}

void UdpServerHints::describe(Describer<UdpServerHints>& d) {
  d.name("UdpServerHints");
  d.option("port", &UdpServerHints::port, "Port of the container.");
  d.source(&UdpServerHints::source);
}

void DockerLabels::describe(Describer<DockerLabels>& d) {
  d.name("DockerLabels");
  d.option("network", &DockerLabels::network, "Network whose address of the container is used.");
  d.option("allowNonRunning", &DockerLabels::allow_non_running, "Keep routers while the container is stopped.");
  d.option("lbSwarm", &DockerLabels::lb_swarm, "Accepted without effect outside a swarm.");
  d.option("oneOff", &DockerLabels::one_off, "Route to the container of a `compose run`.").own();
  d.source(&DockerLabels::source);
}

void SwarmLabels::describe(Describer<SwarmLabels>& d) {
  d.name("SwarmLabels");
  d.option("network", &SwarmLabels::network, "Network whose address of a task is used.");
  d.option("lbSwarm", &SwarmLabels::lb_swarm, "Let the swarm balance: its virtual address is the only server.");
  d.source(&SwarmLabels::source);
}

bool LabelConfiguration::anything_left_out(std::string_view section) const {
  const std::string_view family = section.substr(0, section.find('.'));
  return std::any_of(left_out.begin(), left_out.end(), [&](const LeftOut& object) {
    if (iequals(object.section, section)) return true;
    const std::string_view written(object.section);
    return object.name.empty() && iequals(written.substr(0, written.find('.')), family);
  });
}

namespace {

class Reader {
 public:
  Reader(std::string_view owner, std::string_view prefix, Report& report)
      : owner_(owner), prefix_(prefix), report_(report) {}

  LabelConfiguration read(const std::map<std::string, std::string>& labels) {
    for (const auto& [key, value] : labels) {
      if (istarts_with(key, std::string(prefix_) + '.')) label(key, value);
    }
    group(docker_, result_.docker, "docker");
    group(swarm_, result_.swarm, "swarm");

    servers("http", result_.http_servers);
    servers("tcp", result_.tcp_servers);
    servers("udp", result_.udp_servers);
    DecodeRules rules;
    rules.by_label = true;
    rules.effect = "the label is ignored";
    rules.left_out = &result_.left_out;
    decode_struct(schema_of<Dynamic>(), &result_.dynamic, tree_, rules, report_);

    finish_services("http.services", result_.dynamic.http.services, result_.http_servers);
    finish_services("tcp.services", result_.dynamic.tcp.services, result_.tcp_servers);
    finish_services("udp.services", result_.dynamic.udp.services, result_.udp_servers);
    for (LeftOut& object : result_.left_out) {
      object.section = lowered(object.section);
      broken_.push_back(object);
    }
    for (const LeftOut& object : broken_) leave_out(object);
    return std::move(result_);
  }

 private:
  void label(const std::string& key, const std::string& value) {
    const auto where = std::make_shared<const std::string>(owner_ + " label " + key);
    const std::string_view rest = std::string_view(key).substr(prefix_.size() + 1);
    std::optional<std::vector<std::string>> path = split_path(rest, '.');
    if (!path) {
      broken_key(rest, where, key + ": a word between two dots is missing, or there are more than 64",
                 "write no dot at the end, and none twice");
      return;
    }
    if (key.compare(0, prefix_.size(), prefix_) != 0) {
      broken_key(rest, where, key + ": labels begin with " + std::string(prefix_) + " in lower case",
                 "write " + std::string(prefix_) + '.' + std::string(rest));
      return;
    }

    const std::string section = lowered(path->front());
    if (section == "enable" && path->size() == 1) return enable(value, where);
    if (section == "docker" || section == "swarm") {
      path->erase(path->begin());
      return set(section == "docker" ? docker_ : swarm_, *path, value, where);
    }
    if (section == "http" || section == "tcp" || section == "udp") return set(tree_, *path, value, where);
    if (section == "tls") return tls(*path, value, where);
    unknown_section(*path, where);
  }

  void set(Node& root, const std::vector<std::string>& path, const std::string& value, const SourceName& where) {
    Node& node = node_at(root, path, where);
    if (node.has_text()) {
      report_.push_back({Severity::warning, std::string(code::kDuplicate),
                         "two labels set the same option, differing only in case", Source{*where},
                         "the last one counts", "remove " + *node.source_name()});
    }
    node.set_text(value);
    node.at(where);
  }

  void enable(const std::string& value, const SourceName& where) {
    result_.enable = parse_boolean(value);
    if (!result_.enable) {
      skip_container("traefik.enable: \"" + printable(value, 200) + "\" is not true or false", where,
                     "write true or false");
    }
  }

  // Of TLS, labels can set the certificate of the default store, and options that routers name. The options "default"
  // are everybody's: one container must not weaken them for all others.
  void tls(const std::vector<std::string>& path, const std::string& value, const SourceName& where) {
    bool is_default = path.size() > 3 && iequals(path[2], "default");
    if (path.size() > 3 && iequals(path[1], is_default ? "stores" : "options")) return set(tree_, path, value, where);
    report_.push_back({Severity::warning, std::string(code::kNotByLabel),
                       "of tls, labels can set tls.stores.default.defaultgeneratedcert and tls.options.<name>, but not "
                       "the options \"default\"",
                       Source{*where}, "the label has no effect", "write it into a file of the file provider"});
  }

  void unknown_section(const std::vector<std::string>& path, const SourceName& where) {
    const std::vector<std::string_view> known = {"enable", "http", "tcp", "udp", "tls", "docker", "swarm"};
    const std::optional<std::string> nearest = nearest_name(path.front(), known);
    report_.push_back({Severity::warning, std::string(code::kUnknownSection),
                       '"' + printable(path.front(), 200) + "\" is no section of labels", Source{*where},
                       "the label is ignored",
                       nearest ? "did you mean " + std::string(prefix_) + '.' + *nearest + '?'
                               : "sections are enable, http, tcp, udp, tls, docker, swarm"});
  }

  // A key that cannot be read makes the object it seems to be about unusable: its other labels alone would mean
  // something else than what was written.
  void broken_key(std::string_view rest, const SourceName& where, const std::string& what, std::string fix) {
    const std::vector<std::string_view> words = split(rest, '.');
    const std::string section = lowered(words[0]);
    const bool is_dynamic = section == "http" || section == "tcp" || section == "udp" || section == "tls";
    if (!is_dynamic) return skip_container(what, where, std::move(fix));
    LeftOut object{section, {}};
    if (words.size() > 1 && !words[1].empty()) object.section += '.' + lowered(words[1]);
    if (words.size() > 2 && !words[1].empty()) object.name = words[2];
    report_.push_back({Severity::error, std::string(code::kSyntax), printable(what), Source{*where},
                       object.name.empty() ? "the label is ignored" : '"' + object.name + "\" is left out",
                       std::move(fix)});
    broken_.push_back(std::move(object));
  }

  void skip_container(const std::string& what, const SourceName& where, std::string fix) {
    result_.usable = false;
    report_.push_back({Severity::error, std::string(code::kContainerSkipped), printable(what), Source{*where},
                       owner_ + " is skipped", std::move(fix)});
  }

  template <class Group>
  void group(const Node& node, Group& target, const std::string& name) {
    if (node.is_null()) return;
    const std::string effect = owner_ + " is skipped";
    DecodeRules rules;
    rules.path = name;
    rules.effect = effect;
    const std::size_t before = report_.size();
    decode_struct(schema_of<Group>(), &target, node, rules, report_);
    target.source = node.children().empty() ? node.source() : node.children().front().source();
    if (new_errors(before)) result_.usable = false;
  }

  bool new_errors(std::size_t before) const {
    return std::any_of(report_.begin() + static_cast<std::ptrdiff_t>(before), report_.end(),
                       [](const Problem& problem) { return problem.severity == Severity::error; });
  }

  // Takes `loadbalancer.server` of every service out of the tree: the schema has lists of servers there instead.
  template <class Hints>
  void servers(std::string_view family, std::map<std::string, Hints>& hints) {
    Node* const protocol = tree_.find_ignoring_case(family);
    Node* const services = protocol == nullptr ? nullptr : protocol->find_ignoring_case("services");
    if (services == nullptr) return;
    for (Node::Entry& service : services->children()) {
      Node* const balancer = service.node.find_ignoring_case("loadbalancer");
      if (balancer == nullptr) continue;
      const std::string path = std::string(family) + ".services." + service.key + ".loadbalancer.server";
      const std::string effect = "service \"" + printable(service.key, 200) + "\" is left out";
      LeftOut object{std::string(family) + ".services", service.key};
      if (const Node* list = balancer->find_ignoring_case("servers")) {
        report_.push_back({Severity::error, std::string(code::kUnknownOption), path + "s cannot be set by labels",
                           list->source(), effect, "the container is the only server: write loadbalancer.server.port"});
        broken_.push_back(std::move(object));
        continue;
      }
      const Node* const server = balancer->find_ignoring_case("server");
      if (server == nullptr) continue;
      DecodeRules rules;
      rules.path = path;
      rules.effect = effect;
      Hints& target = hints[service.key];
      target.source = server->source();
      const std::size_t before = report_.size();
      if (server->is_map()) {
        decode_struct(schema_of<Hints>(), &target, *server, rules, report_);
      } else {
        report_.push_back({Severity::error, std::string(code::kStandalone),
                           path + " cannot be a standalone element: it needs an option", server->source(), effect,
                           "write " + path + ".port=8080"});
      }
      if (new_errors(before)) broken_.push_back(std::move(object));
      erase_child(*balancer, "server");
      if (balancer->children().empty() && !balancer->has_text()) erase_child(service.node, "loadbalancer");
    }
  }

  static void erase_child(Node& node, std::string_view name) {
    auto& children = node.children();
    children.erase(std::remove_if(children.begin(), children.end(),
                                  [&](const Node::Entry& entry) { return iequals(entry.key, name); }),
                   children.end());
  }

  // A service that refers to others has no server of its own.
  static bool is_composed(const HttpService& service) {
    return service.weighted || service.highest_random_weight || service.mirroring || service.failover;
  }
  template <class Service>
  static bool is_composed(const Service& service) {
    return service.weighted.has_value();
  }

  // A service that only has server labels has a load balancer too; one of no type is no service.
  template <class Services, class Hints>
  void finish_services(const std::string& section, Services& services, const Hints& hints) {
    for (auto& [name, service] : services) {
      if (hints.contains(name) && !service.load_balancer) service.load_balancer.emplace();
      if (service.load_balancer || is_composed(service)) continue;
      report_.push_back({Severity::error, std::string(code::kInconsistent),
                         section + '.' + printable(name, 200) + ": the load-balancer is not defined", service.source,
                         "service \"" + printable(name, 200) + "\" is left out",
                         "write " + section + '.' + name + ".loadbalancer.server.port, or define it in a file"});
      broken_.push_back({section, name});
    }
  }

  void leave_out(const LeftOut& object) {
    Http& http = result_.dynamic.http;
    Tcp& tcp = result_.dynamic.tcp;
    Udp& udp = result_.dynamic.udp;
    if (object.section == "http.routers") erase(http.routers, object.name);
    if (object.section == "http.services") erase(http.services, object.name);
    if (object.section == "http.middlewares") erase(http.middlewares, object.name);
    if (object.section == "tcp.routers") erase(tcp.routers, object.name);
    if (object.section == "tcp.services") erase(tcp.services, object.name);
    if (object.section == "tcp.middlewares") erase(tcp.middlewares, object.name);
    if (object.section == "udp.routers") erase(udp.routers, object.name);
    if (object.section == "udp.services") erase(udp.services, object.name);
    if (object.section == "http.serverstransports") erase(http.servers_transports, object.name);
    if (object.section == "tcp.serverstransports") erase(tcp.servers_transports, object.name);
    if (object.section == "tls.options") erase(result_.dynamic.tls.options, object.name);
    if (object.section == "tls.stores") erase(result_.dynamic.tls.stores, object.name);
    if (object.section == "http.services") erase(result_.http_servers, object.name);
    if (object.section == "tcp.services") erase(result_.tcp_servers, object.name);
    if (object.section == "udp.services") erase(result_.udp_servers, object.name);
    if (std::find(result_.left_out.begin(), result_.left_out.end(), object) == result_.left_out.end()) {
      result_.left_out.push_back(object);
    }
  }

  template <class Objects>
  static void erase(Objects& objects, std::string_view name) {
    std::erase_if(objects, [&](const auto& entry) { return iequals(entry.first, name); });
  }

  const std::string owner_;
  const std::string_view prefix_;
  Report& report_;
  LabelConfiguration result_;
  Node tree_;
  Node docker_;
  Node swarm_;
  std::vector<LeftOut> broken_;
};

}  // namespace

LabelConfiguration decode_labels(const std::map<std::string, std::string>& labels, std::string_view owner,
                                 Report& report, std::string_view prefix) {
  return Reader(owner, prefix, report).read(labels);
}

}  // namespace sluice::config
