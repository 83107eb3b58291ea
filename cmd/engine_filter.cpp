#include "cmd/engine_filter.h"

#include <algorithm>

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

// "/containers/NAME/json", "/nodes/NAME".
bool names_one(std::string_view path, std::string_view before, std::string_view after) {
  if (!path.starts_with(before) || !path.ends_with(after) || path.size() <= before.size() + after.size()) return false;
  return is_name(path.substr(before.size(), path.size() - before.size() - after.size()));
}

constexpr std::string_view kRefusal =
    "GET of /_ping, /version, /events and /containers/json passes; with --inspect /containers/NAME/json, with --swarm "
    "/services, /tasks, /networks and /nodes/NAME\n";

}  // namespace

bool engine_allows(std::string_view method, std::string_view path, const EngineAllowance& allowance) {
  if (method != "GET" && method != "HEAD") return false;
  if (path == "/_ping") return true;
  path = without_version(path);
  if (path == "/version" || path == "/containers/json" || path == "/events") return true;
  if (allowance.inspect && names_one(path, "/containers/", "/json")) return true;
  if (!allowance.swarm) return false;
  return path == "/services" || path == "/tasks" || path == "/networks" || names_one(path, "/nodes/", "");
}

Task<Result<http::Response>> EngineFilter::handle(http::Request& request) const {
  const bool plain = request.upgrade.empty() && request.body == nullptr;
  if (!plain || !engine_allows(request.method_text, request.target.path, allowance_)) {
    log::warn(
        "a call of the engine was refused",
        {{"client", request.peer.remote.to_string()}, {"method", request.method_text}, {"path", request.target.path}});
    co_return http::text_response(request.arena, 403, kRefusal);
  }
  Result<http::Response> response = co_await proxy::forward(request, {engine_.get(), false, false});
  co_return response;
}

}  // namespace sluice::cmd
