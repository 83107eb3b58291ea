#include "cmd/engine_filter.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "observe/log.h"
#include "proxy/forward.h"

namespace sluice::cmd {
namespace {

bool is_letter_of_name(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
}

// Of a container, a task or a node: never empty, and never a step to another path.
bool is_name(std::string_view text) {
  return !text.empty() && text[0] != '.' && std::all_of(text.begin(), text.end(), is_letter_of_name);
}

// "/v1.41/version" without its version.
std::string_view without_version(std::string_view path) {
  constexpr std::string_view kVersion = "/v1.";
  if (!path.starts_with(kVersion)) return path;
  const std::size_t end = path.find_first_not_of("0123456789", kVersion.size());
  return end != kVersion.size() && end != std::string_view::npos && path[end] == '/' ? path.substr(end) : path;
}

// What passes: always, or with a flag of `sluice engine-proxy`. NAME stands for one name.
struct Allowed {
  bool EngineAllowance::*allowance;  // null: always
  std::string_view flag;
  std::vector<std::string_view> paths;
};

const std::vector<Allowed>& all_allowed() {
  static const std::vector<Allowed> all = {
      {nullptr, {}, {"/_ping", "/version", "/events", "/containers/json"}},
      {&EngineAllowance::inspect, "--inspect", {"/containers/NAME/json"}},
      {&EngineAllowance::swarm, "--swarm", {"/services", "/tasks", "/networks", "/nodes/NAME"}},
  };
  return all;
}

bool fits(std::string_view path, std::string_view pattern) {
  constexpr std::string_view kName = "NAME";
  const std::size_t at = pattern.find(kName);
  if (at == std::string_view::npos) return path == pattern;
  const std::string_view before = pattern.substr(0, at), after = pattern.substr(at + kName.size());
  if (!path.starts_with(before) || !path.ends_with(after) || path.size() <= before.size() + after.size()) return false;
  return is_name(path.substr(before.size(), path.size() - before.size() - after.size()));
}

std::string make_refusal() {
  std::string text = "GET passes";
  for (const Allowed& allowed : all_allowed()) {
    if (!allowed.flag.empty()) text.append("; with ").append(allowed.flag);
    text += " for ";
    for (std::string_view path : allowed.paths) {
      if (path != allowed.paths.front()) text += ", ";
      text += path;
    }
  }
  return text + '\n';
}

}  // namespace

bool engine_allows(std::string_view method, std::string_view path, const EngineAllowance& allowance) {
  if (method != "GET" && method != "HEAD") return false;
  path = without_version(path);
  for (const Allowed& allowed : all_allowed()) {
    if (allowed.allowance != nullptr && !(allowance.*allowed.allowance)) continue;
    for (std::string_view pattern : allowed.paths) {
      if (fits(path, pattern)) return true;
    }
  }
  return false;
}

Task<Result<http::Response>> EngineFilter::handle(http::Request& request) const {
  const bool plain = request.upgrade.empty() && request.body == nullptr;
  if (!plain || !engine_allows(request.method_text, request.target.path, allowance_)) {
    static const std::string kRefusal = make_refusal();
    log::warn(
        "a call of the engine was refused",
        {{"client", request.peer.remote.to_string()}, {"method", request.method_text}, {"path", request.target.path}});
    co_return http::text_response(request.arena, 403, kRefusal);
  }
  Result<http::Response> response = co_await proxy::forward(request, {engine_.get(), false, false});
  co_return response;
}

}  // namespace sluice::cmd
