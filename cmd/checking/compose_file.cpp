#include "cmd/checking/compose_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "cmd/checking/codes.h"
#include "cmd/checking/compose_parts.h"
#include "cmd/checking/interpolation.h"
#include "providers/docker/names.h"

namespace sluice::cmd::checking {
namespace {

using config::Node;
using config::Severity;

class Reader {
 public:
  Reader(const Node& root, const std::string& path, const std::map<std::string, std::string>& environment,
         unsigned first_id)
      : root_(root), next_id_(first_id) {
    file_.path = path;
    std::filesystem::path absolute = std::filesystem::absolute(path).lexically_normal();
    directory_ = absolute.parent_path();
    variables_ = read_dotenv((directory_ / ".env").string());
    for (const auto& [name, value] : environment) variables_[name] = value;
    const Node* name = root.find("name");
    project_ = project_name(name != nullptr && name->is_scalar() ? interpolate(name->text(), variables_).text
                                                                 : directory_.filename().string());
  }

  ComposeFile read() {
    const Node* services = root_.find("services");
    if (services == nullptr || !services->is_map()) {
      add(Severity::error, code::kCompose, "services is not a map of services", root_.source(), "compose refuses it",
          "write each service as a name below services");
      return std::move(file_);
    }
    for (const Node::Entry& entry : services->children()) {
      if (!entry.node.is_map()) {
        add(Severity::error, code::kCompose, fmt::format("service {} has no options", printable(entry.key, 128)),
            entry.source(), "compose refuses it", "write image: and the rest below its name");
        continue;
      }
      service(entry);
    }
    for (std::size_t i = 0; i < file_.services.size(); ++i) borrow_network(file_.services[i], modes_[i]);
    return std::move(file_);
  }

 private:
  void add(Severity severity, std::string_view code, std::string what, config::Source source, std::string effect,
           std::string fix) {
    file_.report.push_back(
        {severity, std::string(code), std::move(what), std::move(source), std::move(effect), std::move(fix)});
  }

  void service(const Node::Entry& entry) {
    ComposeService made;
    made.name = entry.key;
    made.at = Mark{entry.line, entry.column};
    providers::docker::Container& container = made.container;
    const unsigned number = next_id_++;
    container.id = fmt::format("{:064x}", 0x5000000000000000ULL + number);
    container.name = text_of(entry.node, "container_name");
    if (container.name.empty()) container.name = fmt::format("{}-{}-1", project_, made.name);
    container.state = providers::docker::State::running;
    container.network_mode = text_of(entry.node, "network_mode");

    if (const Node* labels = entry.node.find("labels")) read_labels(*labels, made);
    if (const Node* deploy = entry.node.find("deploy"); deploy != nullptr && deploy->is_map()) {
      if (const Node* labels = deploy->find("labels")) deploy_labels(*labels, made.name);
    }
    for (const ComposeLabel& label : made.labels) container.labels[label.key] = label.value;
    container.labels["com.docker.compose.project"] = project_;
    container.labels["com.docker.compose.service"] = made.name;

    if (container.network_mode.empty()) {
      container.network_mode = "bridge";
      for (std::string& name : network_names(root_, entry.node, project_)) {
        container.networks.push_back(
            {std::move(name), fmt::format("10.99.{}.{}", number / 250 % 250, number % 250 + 2), ""});
      }
      std::sort(container.networks.begin(), container.networks.end(),
                [](const auto& a, const auto& b) { return a.name < b.name; });
    }
    container.ports = ports_of(entry.node);
    made.knows_ports = !container.ports.empty();
    if (const Node* command = entry.node.find("command")) read_command(*command, made);
    made.environment = environment_of(entry.node);
    for (auto& [name, value] : made.environment) value = interpolate(value, variables_).text;
    made.mounts = mounts_of(entry.node, directory_);
    made.is_router = is_router_image(text_of(entry.node, "image")) || has_router_flags(made);
    modes_.push_back(container.network_mode);
    file_.services.push_back(std::move(made));
  }

  std::string text_of(const Node& map, std::string_view key) const {
    const Node* node = map.find(key);
    return node != nullptr && node->is_scalar() ? interpolate(node->text(), variables_).text : std::string();
  }

  void read_labels(const Node& labels, ComposeService& service) {
    if (labels.is_null()) return;
    if (labels.is_scalar()) {
      add(Severity::error, code::kLabelForm, "labels is one text, not a list or a map", labels.source(),
          "compose refuses the file", "write each label on a line of its own: `- key=value` or `key: value`");
      return;
    }
    for (const Node::Entry& entry : labels.children()) {
      labels.is_list() ? list_label(entry.node, service) : map_label(entry, service);
    }
  }

  // "- key=value"
  void list_label(const Node& item, ComposeService& service) {
    if (item.is_map() && !item.children().empty()) {
      add(Severity::error, code::kLabelForm,
          fmt::format("\"{}\" is a map inside a list of labels", printable(item.children().front().key, 200)),
          item.source(), "compose refuses the file",
          fmt::format("write - {}=value, or all labels without the dashes", item.children().front().key));
      return;
    }
    if (!item.is_scalar()) {
      add(Severity::error, code::kLabelForm, "a label is neither key=value nor empty", item.source(),
          "compose refuses the file", "write - key=value");
      return;
    }
    const std::string text = replaced(item, item.text());
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    if (equals == std::string::npos && looks_ours(key)) {
      const std::size_t colon = key.find(':');
      add(Severity::error, code::kLabelForm, fmt::format("the label \"{}\" has no value", printable(key, 200)),
          item.source(), "it is a label of this whole text, with an empty value",
          colon == std::string::npos ? fmt::format("write - {}=value", key)
                                     : "in a list, labels are written with = instead of a colon");
      if (colon != std::string::npos) return;
    }
    Mark at{item.line(), item.column()};
    put_label(service, key, equals == std::string::npos ? std::string() : text.substr(equals + 1), at, at);
  }

  // "key: value"
  void map_label(const Node::Entry& entry, ComposeService& service) {
    Mark at{entry.line, entry.column};
    if (entry.node.is_list() || entry.node.is_map()) {
      add(Severity::error, code::kLabelForm,
          fmt::format("the value of label {} is a {}", printable(entry.key, 200),
                      entry.node.is_list() ? "list" : "map"),
          entry.source(), "compose refuses the file",
          "write the whole key on one line, and lists with commas: key: one,two");
      return;
    }
    Mark value_at = entry.node.is_scalar() ? Mark{entry.node.line(), entry.node.column()} : at;
    put_label(service, entry.key, entry.node.is_null() ? std::string() : replaced(entry.node, entry.node.text()), at,
              value_at);
  }

  void put_label(ComposeService& service, const std::string& key, std::string value, Mark at, Mark value_at) {
    auto same = std::find_if(service.labels.begin(), service.labels.end(),
                             [&](const ComposeLabel& label) { return label.key == key; });
    if (same != service.labels.end()) {
      add(Severity::warning, code::kLabelForm,
          fmt::format("label {} is written twice, first in line {}", printable(key, 200), same->at.line),
          {file_.path, at.line, at.column}, "the last one counts", "remove one of the two");
      *same = ComposeLabel{key, std::move(value), at, value_at};
      return;
    }
    if (!looks_ours(key) && nearly_ours(key)) {
      add(Severity::warning, code::kPrefix, fmt::format("label {} does not begin with traefik", printable(key, 200)),
          {file_.path, at.line, at.column}, "the label is ignored",
          fmt::format("did you mean traefik{}?", key.substr(std::min(key.size(), key.find('.')))));
    }
    service.labels.push_back(ComposeLabel{key, std::move(value), at, value_at});
  }

  // The text with its variables replaced, and what is wrong with them reported.
  std::string replaced(const Node& node, const std::string& text) {
    Interpolated result = interpolate(text, variables_);
    const bool hash = text.find("users") != std::string::npos || text.find("$apr1$") != std::string::npos ||
                      text.find("$2y$") != std::string::npos || text.find("$2a$") != std::string::npos ||
                      text.find("$2b$") != std::string::npos;
    if (hash && (!result.unset.empty() || !result.invalid.empty())) {
      const std::string piece = result.invalid.empty() ? "$" + result.unset.front() : result.invalid;
      add(Severity::error, code::kEatenDollar, fmt::format("compose takes `{}` for a variable", piece), node.source(),
          "the password hash is cut, and nobody can log in", "write $$ for every $ of the value");
      return result.text;
    }
    if (!result.invalid.empty()) {
      add(Severity::error, code::kCompose, fmt::format("`{}` is no variable", printable(result.invalid, 64)),
          node.source(), "compose refuses the file", "write $$ for a dollar, ${NAME} for a variable");
    }
    for (const std::string& name : result.unset) {
      add(Severity::warning, code::kVariable, fmt::format("the variable `{}` is not set", name), node.source(),
          "compose puts nothing in its place",
          fmt::format("set {0} in the environment or in .env, or write ${{{0}:-value}}", name));
    }
    return result.text;
  }

  void deploy_labels(const Node& labels, const std::string& name) {
    for (const Node::Entry& entry : labels.children()) {
      const std::string& text = labels.is_list() ? entry.node.text() : entry.key;
      if (!looks_ours(text)) continue;
      add(Severity::warning, code::kDeployLabels,
          fmt::format("service {} has traefik labels under deploy", printable(name, 128)), entry.source(),
          "containers do not get them: only a swarm reads labels of the service",
          "move them to labels of the service itself");
      return;
    }
  }

  void read_command(const Node& command, ComposeService& service) {
    if (command.is_scalar()) {
      for (const std::string& word : shell_words(command.text())) {
        service.command.push_back({interpolate(word, variables_).text, Mark{command.line(), command.column()}});
      }
    }
    for (const Node::Entry& entry : command.children()) {
      if (!entry.node.is_scalar()) continue;
      service.command.push_back(
          {replaced(entry.node, entry.node.text()), Mark{entry.node.line(), entry.node.column()}});
    }
  }

  // "service:NAME" shares the network of that service's container.
  void borrow_network(ComposeService& service, const std::string& mode) {
    constexpr std::string_view kService = "service:";
    if (!mode.starts_with(kService)) return;
    for (const ComposeService& other : file_.services) {
      if (other.name == mode.substr(kService.size()))
        service.container.network_mode = "container:" + other.container.id;
    }
  }

  static bool looks_ours(std::string_view key) { return istarts_with(key, "traefik."); }
  static bool nearly_ours(std::string_view key) {
    std::size_t dot = key.find('.');
    if (dot == std::string_view::npos || dot < 5 || dot > 9) return false;
    return edit_distance(key.substr(0, dot), "traefik") <= 2;
  }

  const Node& root_;
  unsigned next_id_;
  ComposeFile file_;
  std::filesystem::path directory_;
  std::string project_;
  std::map<std::string, std::string> variables_;
  std::vector<std::string> modes_;
};

}  // namespace

ComposeFile read_compose(const Node& root, const std::string& path,
                         const std::map<std::string, std::string>& environment, unsigned first_id) {
  return Reader(root, path, environment, first_id).read();
}

std::string owner_of(const ComposeService& service) {
  return "container " + printable(providers::docker::display_name(service.container), 128);
}

}  // namespace sluice::cmd::checking
