#include "cmd/checking/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "cmd/commands.h"

namespace sluice::cmd::checking {
namespace {

using Json = nlohmann::ordered_json;
using config::Severity;

// As wide as the excerpt up to the caret, whatever its letters; a tab stays a tab.
std::string padding(std::string_view line, std::size_t bytes) {
  std::string pad;
  for (char c : line.substr(0, bytes)) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
    pad += c == '\t' ? '\t' : ' ';
  }
  return pad;
}

void excerpt(const Place& place, std::string& text) {
  constexpr std::size_t kMost = 200;
  if (place.excerpt.empty()) return;
  // A long line is shown around the piece.
  std::size_t from = place.caret > kMost / 2 && place.excerpt.size() > kMost ? place.caret - kMost / 2 : 0;
  while (from > 0 && (static_cast<unsigned char>(place.excerpt[from]) & 0xC0) == 0x80) --from;
  std::string_view line = std::string_view(place.excerpt).substr(from);
  const std::string number = place.line > 0 ? std::to_string(place.line) : std::string();
  text += fmt::format(" {:>5} | {}\n", number, printable(line, kMost));
  std::size_t width = std::max<std::size_t>(
      1, std::min(place.width, line.size() > place.caret - from ? line.size() - (place.caret - from) : 1));
  text += fmt::format("       | {}{}\n", padding(line, place.caret - from), std::string(std::min(width, kMost), '^'));
}

std::string_view colored(Severity severity) {
  return severity == Severity::error ? "\033[31m" : severity == Severity::warning ? "\033[33m" : "\033[36m";
}

std::string plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// Bytes that are not UTF-8 become U+FFFD.
std::string dumped(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n'; }

Json json_of(const Place& place) {
  Json where = Json::object();
  if (!place.file.empty()) where["file"] = place.file;
  if (place.line > 0) where["line"] = place.line;
  if (place.column > 0) where["column"] = place.column;
  if (!place.container.empty()) where["container"] = place.container;
  if (!place.label.empty()) where["label"] = place.label;
  if (!place.name.empty()) where["name"] = place.name;
  return where;
}

}  // namespace

Summary summary_of(const std::vector<Finding>& findings, std::size_t routers) {
  Summary summary;
  summary.routers = routers;
  for (const Finding& finding : findings) {
    if (finding.problem.severity == Severity::error) ++summary.errors;
    if (finding.problem.severity == Severity::warning) ++summary.warnings;
  }
  return summary;
}

std::string text_of(const Place& place) {
  if (!place.file.empty()) return config::to_string(config::Source{place.file, place.line, place.column});
  if (!place.container.empty()) return "container " + place.container;
  return place.name;
}

std::string as_text(const std::vector<Finding>& findings, const Summary& summary, bool color) {
  std::string text;
  for (const Finding& finding : findings) {
    const config::Problem& problem = finding.problem;
    const std::string where = text_of(finding.place);
    std::string severity(config::to_string(problem.severity));
    if (color) severity = std::string(colored(problem.severity)) + severity + "\033[0m";
    text += fmt::format("{}{}{} {}: {}\n", printable(where), where.empty() ? "" : ": ", severity, problem.code,
                        printable(problem.what));
    if (!finding.place.label.empty()) {
      text += fmt::format("   in container {}, label {}\n", printable(finding.place.container),
                          printable(finding.place.label));
    }
    excerpt(finding.place, text);
    if (!problem.effect.empty()) text += fmt::format("   effect: {}\n", printable(problem.effect));
    if (!problem.fix.empty()) text += fmt::format("   fix: {}\n", printable(problem.fix));
    text += '\n';
  }
  text += fmt::format("{}, {}, {}\n", plural(summary.errors, "error"), plural(summary.warnings, "warning"),
                      plural(summary.routers, "router"));
  return text;
}

std::string as_json(const std::vector<Finding>& findings, const Summary& summary) {
  Json problems = Json::array();
  for (const Finding& finding : findings) {
    const config::Problem& problem = finding.problem;
    Json one;
    one["severity"] = config::to_string(problem.severity);
    one["code"] = problem.code;
    one["what"] = problem.what;
    one["where"] = json_of(finding.place);
    if (!finding.place.excerpt.empty()) {
      one["excerpt"] = {{"text", finding.place.excerpt}, {"at", finding.place.caret}, {"size", finding.place.width}};
    }
    one["effect"] = problem.effect;
    one["fix"] = problem.fix;
    problems.push_back(std::move(one));
  }
  Json root;
  root["schema"] = "sluice/v1";
  root["problems"] = std::move(problems);
  root["errors"] = summary.errors;
  root["warnings"] = summary.warnings;
  root["routers"] = summary.routers;
  return dumped(root);
}

std::string as_sarif(const std::vector<Finding>& findings) {
  Json results = Json::array();
  std::set<std::string> codes;
  for (const Finding& finding : findings) {
    const config::Problem& problem = finding.problem;
    codes.insert(problem.code);
    std::string message = problem.what;
    if (!problem.effect.empty()) message += ". Effect: " + problem.effect;
    if (!problem.fix.empty()) message += ". Fix: " + problem.fix;
    Json result;
    result["ruleId"] = problem.code;
    result["level"] = problem.severity == Severity::info ? "note" : config::to_string(problem.severity);
    result["message"]["text"] = message;
    Json location = Json::object();
    const Place& place = finding.place;
    if (!place.file.empty()) {
      location["physicalLocation"]["artifactLocation"]["uri"] = place.file;
      if (place.line > 0) {
        Json& region = location["physicalLocation"]["region"];
        region["startLine"] = place.line;
        region["startColumn"] = std::max(1, place.column);
      }
    }
    const std::string logical = !place.label.empty()       ? place.container + '/' + place.label
                                : !place.container.empty() ? place.container
                                                           : place.name;
    if (!logical.empty()) location["logicalLocations"] = Json::array({{{"fullyQualifiedName", logical}}});
    result["locations"] = Json::array();
    if (!location.empty()) result["locations"].push_back(std::move(location));
    results.push_back(std::move(result));
  }
  Json rules = Json::array();
  for (const std::string& code : codes) rules.push_back({{"id", code}});
  Json run;
  run["tool"]["driver"] = {{"name", "sluice check"}, {"version", kVersion}, {"rules", std::move(rules)}};
  run["results"] = std::move(results);
  run["columnKind"] = "unicodeCodePoints";
  Json root;
  root["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
  root["version"] = "2.1.0";
  root["runs"] = Json::array({std::move(run)});
  return dumped(root);
}

std::string as_github(const std::vector<Finding>& findings) {
  auto escaped = [](std::string_view text, bool property) {
    std::string out;
    for (char c : text) {
      bool special = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
      out += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
    }
    return out;
  };
  std::string text;
  for (const Finding& finding : findings) {
    const config::Problem& problem = finding.problem;
    const Place& place = finding.place;
    std::string_view level = problem.severity == Severity::info ? "notice" : config::to_string(problem.severity);
    text += fmt::format("::{} title={}", level, problem.code);
    if (!place.file.empty()) text += fmt::format(",file={}", escaped(place.file, true));
    if (place.line > 0) text += fmt::format(",line={},col={}", place.line, std::max(1, place.column));
    text += fmt::format("::{}", escaped(problem.what, false));
    if (!problem.fix.empty()) text += fmt::format(" ({})", escaped(problem.fix, false));
    text += '\n';
  }
  return text;
}

}  // namespace sluice::cmd::checking
