#include "cmd/live_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"

namespace sluice::cmd {
namespace {

using Json = nlohmann::json;

// Text of strangers: escaped. Lists with commas.
std::string text_at(const Json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end() || found->is_null()) return {};
  if (found->is_string()) return printable(found->get<std::string>());
  if (!found->is_array()) return printable(found->dump());
  std::string text;
  for (const Json& one : *found) {
    text += (text.empty() ? "" : ", ") + (one.is_string() ? printable(one.get<std::string>()) : printable(one.dump()));
  }
  return text;
}

const Json& list_at(const Json& object, const char* key) {
  static const Json kNone = Json::array();
  auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : kNone;
}

bool is_true(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

void line(std::string& text, std::string_view title, std::string_view value) {
  text += fmt::format("{:<12}{}\n", title, value);
}

void routers(const Json& explanation, std::string& text) {
  constexpr std::size_t kMost = 20;  // those that lost; the others are in the JSON
  std::size_t lost = 0;
  const bool connection = explanation.contains("tcpRouters");
  std::string_view title = connection ? "TCP routers" : "routers";
  const std::string taker = text_at(explanation, "router");
  for (const Json& router : list_at(explanation, connection ? "tcpRouters" : "routers")) {
    const bool matches = is_true(router, "matches");
    const bool takes = is_true(router, "takes") || (connection && text_at(router, "name") == taker);
    if (!matches && ++lost > kMost) continue;
    std::string row = fmt::format("{} {}  {}  priority {}",
                                  takes     ? "+"
                                  : matches ? "="
                                            : "-",
                                  text_at(router, "name"), text_at(router, "rule"), text_at(router, "priority"));
    if (matches && !takes) row += "  (matches too, but comes later)";
    if (!matches) row += fmt::format("\n{:<14}failed: {}", "", text_at(router, "failed"));
    line(text, title, row);
    title = "";
  }
  if (lost > kMost) line(text, "", fmt::format("and {} more that do not match", lost - kMost));
}

// "ready", or "down since …: why".
std::string state_of(const Json& server) {
  std::string state = text_at(server, "state");
  if (state != "down") return state;
  return fmt::format("down since {}: {}", text_at(server, "since"), text_at(server, "reason"));
}

void service(const Json& node, int depth, std::string& text) {
  std::string pad(static_cast<std::size_t>(depth) * 2, ' ');
  line(text, depth == 0 ? "service" : "", fmt::format("{}{} ({})", pad, text_at(node, "name"), text_at(node, "type")));
  for (const Json& server : list_at(node, "servers")) {
    line(text, "", fmt::format("{}  {} {}", pad, text_at(server, "url"), state_of(server)));
  }
  for (const Json& child : list_at(node, "services")) service(child, depth + 1, text);
  for (const Json& mirror : list_at(node, "mirrors")) {
    line(text, "",
         fmt::format("{}  mirrored to {}, {} percent", pad, text_at(mirror, "name"), text_at(mirror, "percent")));
  }
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string one;
    for (std::size_t i = 0; i < row.size(); ++i) {
      one += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    text += one.substr(0, one.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace

std::string explanation_text(const Json& explanation) {
  std::string text;
  if (auto entry_point = explanation.find("entryPoint"); entry_point != explanation.end()) {
    line(text, "entry point",
         fmt::format("{} ({}), because {}", text_at(*entry_point, "name"), text_at(*entry_point, "address"),
                     text_at(*entry_point, "because")));
  }
  if (auto request = explanation.find("request"); request != explanation.end()) {
    std::string asked =
        fmt::format("{} {} {}", text_at(*request, "method"), text_at(*request, "host"), text_at(*request, "path"));
    if (std::string query = text_at(*request, "query"); !query.empty()) asked += "?" + query;
    line(text, "request", asked + " from " + text_at(*request, "client"));
  }
  for (const char* key : {"challenge", "tlsChallenge"}) {
    if (std::string challenge = text_at(explanation, key); !challenge.empty()) line(text, "challenge", challenge);
  }
  routers(explanation, text);
  if (std::string nearest = text_at(explanation, "nearest"); !nearest.empty()) line(text, "nearest", nearest);
  if (auto source = explanation.find("source"); source != explanation.end())
    line(text, "defined in", text_at(explanation, "source"));
  std::string middlewares;
  for (const Json& one : list_at(explanation, "middlewares")) {
    std::string type = text_at(one, "type");
    middlewares += (middlewares.empty() ? "" : " -> ") + text_at(one, "name") + (type.empty() ? "" : " (" + type + ")");
  }
  if (!middlewares.empty()) line(text, "middlewares", middlewares);
  if (auto node = explanation.find("service"); node != explanation.end()) service(*node, 0, text);
  line(text, "answer", text_at(explanation, "answer"));
  return text;
}

std::string status_text(const Json& status) {
  std::string text;
  line(text, "state", fmt::format("{}, configuration {}", text_at(status, "state"), text_at(status, "configuration")));
  std::string_view title = "entry points";
  for (const Json& one : list_at(status, "entryPoints")) {
    text += fmt::format("{:<13}{} {}, {} routers\n", title, text_at(one, "name"), text_at(one, "address"),
                        text_at(one, "routers"));
    title = "";
  }
  line(text, "providers", text_at(status, "providers"));
  if (auto all = status.find("providerStats"); all != status.end()) {
    for (const auto& [name, stats] : all->items()) {
      std::string age = text_at(stats, "lastEventAgeMs");
      line(text, "",
           fmt::format("{}: {} events ({} ignored{}), {} resyncs, {} reconnects", printable(name),
                       text_at(stats, "events"), text_at(stats, "ignored"),
                       age.empty() ? "" : fmt::format(", the last {} ms ago", age), text_at(stats, "resyncs"),
                       text_at(stats, "reconnects")));
    }
  }
  line(text, "build", text_at(status, "buildTimeUs") + " us");
  line(text, "routers", text_at(status, "routers"));
  line(text, "services", text_at(status, "services"));
  for (const char* protocol : {"tcp", "udp"}) {
    const std::string routers = text_at(status, (std::string(protocol) + "Routers").c_str());
    const std::string services = text_at(status, (std::string(protocol) + "Services").c_str());
    if (routers != "0" || services != "0") {
      line(text, uppered(protocol), fmt::format("{} routers, {} services", routers, services));
    }
  }
  if (auto misuse = status.find("http2Misuse"); misuse != status.end()) {
    for (const auto& [name, count] : misuse->items()) {
      line(text, "misuse", fmt::format("{} connections of HTTP/2 ended for {}", count.dump(), name));
    }
  }
  if (std::string hosts = text_at(status, "delegations"); !hosts.empty() && hosts != "0")
    line(text, "delegations", hosts + " (sluice get delegations)");
  if (std::string down = text_at(status, "serversDown"); !down.empty() && down != "0")
    line(text, "down", down + " servers");
  line(text, "problems", fmt::format("{} errors, {} warnings", text_at(status, "errors"), text_at(status, "warnings")));
  return text;
}

std::string list_text(std::string_view kind, const Json& list) {
  if (list.is_object()) {  // all
    std::string text;
    for (const auto& [name, part] : list.items()) {
      text += uppered(name) + '\n' + list_text(name, part) + '\n';
    }
    return text;
  }
  std::vector<std::vector<std::string>> rows;
  if (kind == "routers") rows.push_back({"NAME", "STATUS", "PRIORITY", "ENTRYPOINTS", "SERVICE", "RULE"});
  const bool of_connections = kind.starts_with("tcp") || kind.starts_with("udp");
  if (kind == "tcprouters") rows.push_back({"NAME", "STATUS", "ENTRYPOINTS", "SERVICE", "RULE"});
  if (kind == "udprouters") rows.push_back({"NAME", "STATUS", "ENTRYPOINTS", "SERVICE"});
  if (kind.ends_with("services")) rows.push_back({"NAME", "TYPE", "SERVERS"});
  if (kind == "middlewares") rows.push_back({"NAME", "TYPE", "SOURCE"});
  if (kind == "entrypoints") rows.push_back({"NAME", "ADDRESS", "ROUTERS"});
  if (kind == "delegations") rows.push_back({"HOST", "ENTRYPOINT", "CHALLENGE", "ANSWERED BY"});
  if (kind == "problems") rows.push_back({"SEVERITY", "CODE", "SOURCE", "WHAT"});
  for (const Json& one : list) {
    if (kind == "routers") {
      rows.push_back({text_at(one, "name"), text_at(one, "status"), text_at(one, "priority"),
                      text_at(one, "entryPoints"), text_at(one, "service"), text_at(one, "rule")});
    } else if (of_connections && kind.ends_with("routers")) {
      rows.push_back({text_at(one, "name"), text_at(one, "status"), text_at(one, "entryPoints"),
                      text_at(one, "service"), text_at(one, "rule")});
    } else if (kind.ends_with("services")) {
      std::string servers;
      for (const char* below : {"servers", "services"}) {
        for (const Json& child : list_at(one, below)) {
          const char* key = below == std::string_view("services") ? "name" : of_connections ? "address" : "url";
          std::string name = text_at(child, key);
          std::string state = state_of(child);
          servers += (servers.empty() ? "" : ", ") + name + (state.empty() ? "" : " " + state);
        }
      }
      rows.push_back({text_at(one, "name"), text_at(one, "type"), servers});
    } else if (kind == "middlewares") {
      rows.push_back({text_at(one, "name"), text_at(one, "type"), text_at(one, "source")});
    } else if (kind == "entrypoints") {
      rows.push_back({text_at(one, "name"), text_at(one, "address"), text_at(one, "routers")});
    } else if (kind == "delegations") {
      rows.push_back(
          {text_at(one, "name"), text_at(one, "entryPoint"), text_at(one, "challenge"), text_at(one, "answeredBy")});
    } else {
      rows.push_back({text_at(one, "severity"), text_at(one, "code"), text_at(one, "source"), text_at(one, "what")});
    }
  }
  return table(rows);
}

}  // namespace sluice::cmd
