#include "providers/docker/engine_json.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/ip.h"
#include "base/text.h"
#include "providers/docker/json_value.h"

namespace sluice::providers::docker {
namespace {

constexpr Error malformed(std::string_view what) { return Error{Code::invalid, Origin::upstream, false, 0, what}; }

// Signal numbers of Linux on all its common architectures, as `--stop-signal` takes them ("SIGQUIT", "QUIT", "3",
// "SIGRTMIN+3"). 0 for anything else.
int signal_number(std::string_view text) {
  static constexpr std::pair<std::string_view, int> kNames[] = {
      {"HUP", 1},   {"INT", 2},   {"QUIT", 3},  {"ABRT", 6},  {"KILL", 9},   {"USR1", 10},
      {"USR2", 12}, {"PIPE", 13}, {"ALRM", 14}, {"TERM", 15}, {"WINCH", 28}, {"PWR", 30},
  };
  constexpr int kFirstRealTime = 34;
  if (std::optional<std::uint64_t> number = parse_u64(text)) {
    return *number <= 64 ? static_cast<int>(*number) : 0;
  }
  if (istarts_with(text, "SIG")) text.remove_prefix(3);
  for (const auto& [name, number] : kNames) {
    if (iequals(text, name)) return number;
  }
  if (istarts_with(text, "RTMIN+")) {
    std::optional<std::uint64_t> offset = parse_u64(text.substr(6));
    if (offset && *offset <= 30) return kFirstRealTime + static_cast<int>(*offset);
  }
  return 0;
}

State read_state(std::string_view text) {
  if (text == "running") return State::running;
  if (text == "paused") return State::paused;
  if (text == "restarting") return State::restarting;
  if (text == "created" || text == "configured" || text == "initialized") return State::created;
  return State::ended;
}

Health read_health(std::string_view text) {
  if (text == "starting") return Health::starting;
  if (text == "healthy") return Health::healthy;
  if (text == "unhealthy") return Health::unhealthy;
  return Health::none;
}

// Before API 1.52 the list tells health only inside a sentence: "Up 3 minutes (health: starting)".
Health health_of_sentence(std::string_view status) {
  if (status.find("(healthy)") != std::string_view::npos) return Health::healthy;
  if (status.find("(unhealthy)") != std::string_view::npos) return Health::unhealthy;
  if (status.find("(health: starting)") != std::string_view::npos) return Health::starting;
  return Health::none;
}

// A usable literal address, or empty: "0.0.0.0" and "::" are nobody's.
std::string read_address(const Json& value, bool v4) {
  const std::string& text = text_of(value);
  if (text.empty()) return {};
  Result<IpAddress> address = IpAddress::parse(text);
  if (!address || address->is_v4() != v4) return {};
  if (*address == IpAddress() || *address == IpAddress::v4(0)) return {};
  return address->to_string();
}

std::vector<Network> read_networks(const Json& value) {
  std::vector<Network> networks;
  if (!value.is_object()) return networks;
  for (auto entry = value.begin(); entry != value.end(); ++entry) {
    Network network;
    network.name = entry.key();
    network.ipv4 = read_address(member(*entry, "IPAddress"), true);
    network.ipv6 = read_address(member(*entry, "GlobalIPv6Address"), false);
    networks.push_back(std::move(network));
  }
  return networks;  // the keys of an object come sorted
}

std::map<std::string, std::string> read_labels(const Json& value) {
  std::map<std::string, std::string> labels;
  if (!value.is_object()) return labels;
  for (auto entry = value.begin(); entry != value.end(); ++entry) {
    if (entry->is_string()) labels.emplace(entry.key(), text_of(*entry));
  }
  return labels;
}

std::string without_slash(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(1);
  return std::string(name);
}

Protocol read_protocol(std::string_view text) {
  if (iequals(text, "tcp")) return Protocol::tcp;
  if (iequals(text, "udp")) return Protocol::udp;
  return Protocol::other;
}

class Ports {
 public:
  Port& at(std::uint16_t number, Protocol protocol) {
    for (Port& port : ports_) {
      if (port.number == number && port.protocol == protocol) return port;
    }
    ports_.push_back(Port{number, protocol, {}});
    return ports_.back();
  }
  std::vector<Port> sorted() && {
    std::sort(ports_.begin(), ports_.end(), [](const Port& a, const Port& b) {
      return std::pair(a.number, a.protocol) < std::pair(b.number, b.protocol);
    });
    return std::move(ports_);
  }

 private:
  std::vector<Port> ports_;
};

// "8080/tcp"; the protocol may be missing.
Port* port_of_key(Ports& ports, std::string_view key) {
  std::size_t slash = key.find('/');
  std::optional<std::uint64_t> number = parse_u64(key.substr(0, slash));
  if (!number || *number == 0 || *number > 65535) return nullptr;
  std::string_view protocol = slash == std::string_view::npos ? "tcp" : key.substr(slash + 1);
  return &ports.at(static_cast<std::uint16_t>(*number), read_protocol(protocol));
}

// What the image exposes is in Config even where the engine set up no port at all (host networking).
std::vector<Port> read_inspected_ports(const Json& root) {
  Ports ports;
  const Json& exposed = member(member(root, "Config"), "ExposedPorts");
  if (exposed.is_object()) {
    for (auto entry = exposed.begin(); entry != exposed.end(); ++entry) port_of_key(ports, entry.key());
  }
  const Json& live = member(member(root, "NetworkSettings"), "Ports");
  if (live.is_object()) {
    for (auto entry = live.begin(); entry != live.end(); ++entry) {
      Port* port = port_of_key(ports, entry.key());
      if (port == nullptr || !entry->is_array()) continue;
      for (const Json& item : *entry) {
        std::optional<std::uint64_t> host_port = parse_u64(text_of(member(item, "HostPort")));
        if (!host_port || *host_port == 0 || *host_port > 65535) continue;
        port->bindings.push_back(Binding{text_of(member(item, "HostIp")), static_cast<std::uint16_t>(*host_port)});
      }
    }
  }
  return std::move(ports).sorted();
}

std::vector<Port> read_listed_ports(const Json& value) {
  Ports ports;
  if (!value.is_array()) return {};
  for (const Json& item : value) {
    std::optional<std::int64_t> number = number_of(member(item, "PrivatePort"), 1, 65535);
    if (!number) continue;
    Port& port = ports.at(static_cast<std::uint16_t>(*number), read_protocol(text_of(member(item, "Type"))));
    std::optional<std::int64_t> host_port = number_of(member(item, "PublicPort"), 1, 65535);
    if (!host_port) continue;
    port.bindings.push_back(Binding{text_of(member(item, "IP")), static_cast<std::uint16_t>(*host_port)});
  }
  return std::move(ports).sorted();
}

// Links give a container further names, "/other/alias"; its own has one slash.
std::string own_name(const Json& names) {
  if (!names.is_array()) return {};
  for (const Json& item : names) {
    const std::string& name = text_of(item);
    if (!name.empty() && name.find('/', 1) == std::string::npos) return without_slash(name);
  }
  return {};
}

std::optional<Container> read_listed(const Json& item) {
  Container container;
  container.id = text_of(member(item, "Id"));
  if (!is_container_id(container.id)) return std::nullopt;
  container.name = own_name(member(item, "Names"));
  container.labels = read_labels(member(item, "Labels"));
  container.state = read_state(text_of(member(item, "State")));
  const Json& health = member(member(item, "Health"), "Status");
  container.health =
      health.is_string() ? read_health(text_of(health)) : health_of_sentence(text_of(member(item, "Status")));
  container.network_mode = text_of(member(member(item, "HostConfig"), "NetworkMode"));
  container.networks = read_networks(member(member(item, "NetworkSettings"), "Networks"));
  container.ports = read_listed_ports(member(item, "Ports"));
  return container;
}

std::optional<Event::Kind> kind_of_action(std::string_view action) {
  static constexpr std::string_view kChanges[] = {"create", "start", "restart", "rename", "update", "pause", "unpause"};
  if (action == "kill") return Event::Kind::signal;
  if (action == "die" || action == "died" || action == "stop") return Event::Kind::ended;
  if (action == "destroy" || action == "remove") return Event::Kind::gone;
  if (action.starts_with("health_status")) return Event::Kind::changed;
  if (std::find(std::begin(kChanges), std::end(kChanges), action) != std::end(kChanges)) return Event::Kind::changed;
  return std::nullopt;
}

}  // namespace

bool is_container_id(std::string_view id) {
  if (id.empty() || id.size() > 255 || id.front() == '.') return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '.' || c == '-'; });
}

Result<std::vector<Container>> parse_list(std::string_view body) {
  if (body.size() > kMaxList) return malformed("container list too large");
  std::optional<Json> root = parse_json(body);
  if (!root || !root->is_array()) return malformed("container list is not a JSON array");
  std::vector<Container> containers;
  containers.reserve(root->size());
  for (const Json& item : *root) {
    if (std::optional<Container> container = read_listed(item)) containers.push_back(*std::move(container));
  }
  return containers;
}

Result<Container> parse_inspect(std::string_view body) {
  if (body.size() > kMaxInspect) return malformed("container description too large");
  std::optional<Json> root = parse_json(body);
  if (!root || !root->is_object()) return malformed("container description is not a JSON object");
  Container container;
  container.id = text_of(member(*root, "Id"));
  if (!is_container_id(container.id)) return malformed("container description without an id");
  container.name = without_slash(text_of(member(*root, "Name")));
  const Json& config = member(*root, "Config");
  container.labels = read_labels(member(config, "Labels"));
  const Json& state = member(*root, "State");
  container.state = read_state(text_of(member(state, "Status")));
  container.health = read_health(text_of(member(member(state, "Health"), "Status")));
  container.network_mode = text_of(member(member(*root, "HostConfig"), "NetworkMode"));
  container.networks = read_networks(member(member(*root, "NetworkSettings"), "Networks"));
  container.ports = read_inspected_ports(*root);
  if (int signal = signal_number(text_of(member(config, "StopSignal"))); signal != 0) container.stop_signal = signal;
  return container;
}

Result<std::optional<Event>> parse_event(std::string_view line) {
  constexpr char kRecordSeparator = '\x1e';
  if (line.starts_with(kRecordSeparator)) line.remove_prefix(1);
  line = trim(line);
  if (line.empty()) return std::optional<Event>();
  if (line.size() > kMaxEvent) return malformed("event too large");
  std::optional<Json> root = parse_json(line);
  if (!root || !root->is_object()) return malformed("event is not a JSON object");

  const std::string& type = text_of(member(*root, "Type"));
  const std::string& action = text_of(member(*root, "Action"));
  const Json& actor = member(*root, "Actor");
  const Json& attributes = member(actor, "Attributes");
  Event event;
  if (type == "container") {
    std::optional<Event::Kind> kind = kind_of_action(action);
    if (!kind) return std::optional<Event>();
    event.kind = *kind;
    event.started = action == "start" || action == "unpause";
    event.container = text_of(member(actor, "ID"));
    if (event.kind == Event::Kind::signal) event.signal = signal_number(text_of(member(attributes, "signal")));
  } else if (type == "network" && (action == "connect" || action == "disconnect")) {
    event.container = text_of(member(attributes, "container"));
  } else {
    return std::optional<Event>();
  }
  if (!is_container_id(event.container)) return std::optional<Event>();
  event.time_ns = number_of(member(*root, "timeNano"), 0, INT64_MAX).value_or(0);
  return std::optional<Event>(std::move(event));
}

std::optional<ApiVersion> ApiVersion::parse(std::string_view text) {
  std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  std::optional<std::uint64_t> major = parse_u64(text.substr(0, dot));
  std::optional<std::uint64_t> minor = parse_u64(text.substr(dot + 1));
  if (!major || !minor || *major > 99 || *minor > 9999) return std::nullopt;
  return ApiVersion{static_cast<int>(*major), static_cast<int>(*minor)};
}

std::string ApiVersion::to_string() const { return std::to_string(major) + "." + std::to_string(minor); }

namespace {

// The number that follows `words` in a sentence.
std::optional<ApiVersion> version_after(std::string_view sentence, std::string_view words) {
  std::size_t at = sentence.find(words);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = sentence.substr(at + words.size());
  std::size_t end = 0;
  while (end < rest.size() &&
         (is_digit(rest[end]) || (rest[end] == '.' && end + 1 < rest.size() && is_digit(rest[end + 1])))) {
    ++end;
  }
  return ApiVersion::parse(rest.substr(0, end));
}

}  // namespace

ApiRange parse_api_range(std::string_view body) {
  ApiRange range;
  if (body.size() > kMaxInspect) return range;
  std::string sentence;
  if (std::optional<Json> root = parse_json(body); root && root->is_object()) {
    range.newest = ApiVersion::parse(text_of(member(*root, "ApiVersion")));
    range.oldest = ApiVersion::parse(text_of(member(*root, "MinAPIVersion")));
    sentence = text_of(member(*root, "message"));
  } else {
    sentence = body;
  }
  if (!range.newest) range.newest = version_after(sentence, "Maximum supported API version is ");
  if (!range.oldest) range.oldest = version_after(sentence, "Minimum supported API version is ");
  return range;
}

}  // namespace sluice::providers::docker
