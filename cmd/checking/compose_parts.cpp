#include "cmd/checking/compose_parts.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace sluice::cmd::checking {
namespace {

using config::Node;
using providers::docker::Port;
using providers::docker::Protocol;

std::string network_name(const Node& file, const std::string& key, const std::string& project) {
  const Node* all = file.find("networks");
  const Node* network = all == nullptr ? nullptr : all->find(key);
  if (network != nullptr && network->is_map()) {
    if (const Node* name = network->find("name"); name != nullptr && name->is_scalar()) return name->text();
    const Node* external = network->find("external");
    if (external != nullptr && external->is_map()) {
      const Node* name = external->find("name");
      return name != nullptr ? name->text() : key;
    }
    if (external != nullptr && external->is_scalar() && iequals(external->text(), "true")) return key;
  }
  return project + "_" + key;
}

// "8080", "80/udp", "3000-3005"
void add_ports(std::string_view text, std::vector<Port>& ports) {
  Protocol protocol = Protocol::tcp;
  if (std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (iequals(text.substr(slash + 1), "udp")) protocol = Protocol::udp;
    text = text.substr(0, slash);
  }
  std::size_t dash = text.find('-');
  std::optional<std::uint64_t> first = parse_u64(trim(text.substr(0, dash)));
  std::optional<std::uint64_t> last = dash == std::string_view::npos ? first : parse_u64(trim(text.substr(dash + 1)));
  if (!first || !last || *first == 0 || *last > 65535 || *last < *first) return;
  for (std::uint64_t number = *first; number <= *last; ++number) {
    ports.push_back(Port{static_cast<std::uint16_t>(number), protocol, {}});
  }
}

}  // namespace

std::string project_name(std::string_view text) {
  std::string name;
  for (char c : lowered(text)) {
    if (is_alpha(c) || is_digit(c) || c == '_' || c == '-') name += c;
  }
  while (!name.empty() && (name.front() == '_' || name.front() == '-')) name.erase(0, 1);
  return name.empty() ? "project" : name;
}

std::vector<std::string> network_names(const Node& file, const Node& service, const std::string& project) {
  std::vector<std::string> names;
  const Node* networks = service.find("networks");
  if (networks == nullptr || networks->children().empty()) return {network_name(file, "default", project)};
  for (const Node::Entry& entry : networks->children()) {
    names.push_back(network_name(file, networks->is_list() ? entry.node.text() : entry.key, project));
  }
  return names;
}

std::vector<Port> ports_of(const Node& service) {
  std::vector<Port> ports;
  if (const Node* expose = service.find("expose")) {
    for (const Node::Entry& entry : expose->children()) add_ports(entry.node.text(), ports);
  }
  if (const Node* published = service.find("ports")) {
    for (const Node::Entry& entry : published->children()) {
      if (entry.node.is_map()) {
        const Node* target = entry.node.find("target");
        const Node* protocol = entry.node.find("protocol");
        if (target == nullptr) continue;
        add_ports(target->text() + (protocol != nullptr ? "/" + protocol->text() : std::string()), ports);
      } else {
        const std::string& text = entry.node.text();
        std::size_t colon = text.rfind(':');
        // Beyond the last colon; but not that of ${PORT:-80} and its like.
        if (text.find('}', colon == std::string::npos ? 0 : colon) != std::string::npos) continue;
        add_ports(colon == std::string::npos ? text : text.substr(colon + 1), ports);
      }
    }
  }
  auto order = [](const Port& a, const Port& b) {
    return a.number != b.number ? a.number < b.number : a.protocol < b.protocol;
  };
  std::sort(ports.begin(), ports.end(), order);
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

std::map<std::string, std::string> environment_of(const Node& service) {
  std::map<std::string, std::string> variables;
  const Node* environment = service.find("environment");
  if (environment == nullptr) return variables;
  for (const Node::Entry& entry : environment->children()) {
    if (environment->is_map()) {
      if (entry.node.is_scalar()) variables[entry.key] = entry.node.text();
      continue;
    }
    const std::string& text = entry.node.text();
    std::size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

std::vector<ComposeMount> mounts_of(const Node& service, const std::filesystem::path& directory) {
  std::vector<ComposeMount> mounts;
  const Node* volumes = service.find("volumes");
  if (volumes == nullptr) return mounts;
  auto add = [&](const std::string& host, const std::string& container) {
    bool is_path = host.starts_with('.') || host.starts_with('/');
    if (is_path) mounts.push_back({(directory / host).lexically_normal().string(), container});
  };
  for (const Node::Entry& entry : volumes->children()) {
    if (entry.node.is_map()) {
      const Node* source = entry.node.find("source");
      const Node* target = entry.node.find("target");
      if (source != nullptr && target != nullptr) add(source->text(), target->text());
      continue;
    }
    std::vector<std::string_view> pieces = split(entry.node.text(), ':');
    if (pieces.size() >= 2) add(std::string(pieces[0]), std::string(pieces[1]));
  }
  return mounts;
}

std::vector<std::string> shell_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (char c : text) {
    if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (is_space(c)) {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

bool is_router_image(std::string_view image) {
  std::string_view name = image.substr(image.rfind('/') + 1);
  name = name.substr(0, name.find_first_of(":@"));
  return name == "traefik" || name == "sluice";
}

bool has_router_flags(const ComposeService& service) {
  return std::any_of(service.command.begin(), service.command.end(), [](const ComposeWord& word) {
    return istarts_with(word.text, "--providers.") || istarts_with(word.text, "--entrypoints.");
  });
}

}  // namespace sluice::cmd::checking
