#include "server/routing.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/rejection.h"
#include "observe/log.h"
#include "observe/rate_limited.h"

namespace sluice::server {
namespace {

constexpr std::size_t kNearest = 3;

void log_no_router(const HttpRoutes& routes, const http::Request& request) {
  if (!log::enabled(log::Level::warn)) return;
  static log::RateLimited limiter;
  std::optional<log::RateLimited::Pass> pass = limiter.admit(request.host, Time::now());
  if (!pass) return;
  std::string nearest;
  bool same_host = false;
  for (const route::Near& near : routes.table.nearest(request, kNearest)) {
    if (!nearest.empty()) nearest += ", ";
    nearest += near.router;
    same_host = near.same_host;
  }
  std::string_view why = routes.table.size() == 0 ? "the entry point has no router"
                         : same_host              ? "the host has routers, but none for this path, method or client"
                                                  : "no router has this host";
  std::string url = printable(fmt::format("{} {}{}", request.method_text, request.authority, request.target.path), 512);
  log::warn("404 no router takes the request", {{log::field::kEntryPoint, request.peer.entry_point},
                                                {"request", url},
                                                {"reason", why},
                                                {"nearest", nearest},
                                                {log::field::kSuppressed, pass->suppressed}});
}

Task<Result<http::Response>> answer(http::Request& request, std::uint16_t status, std::string_view text) {
  if (!text.empty()) co_return http::text_response(request.arena, status, text);
  http::Response response(request.arena);
  response.status = status;
  co_return response;
}

}  // namespace

// Not a coroutine: it only chooses whose task the caller awaits.
Task<Result<http::Response>> route_request(const HttpRoutes& routes, http::Request& request) {
  if (request.target.path == "*") return answer(request, 204, {});
  std::optional<std::uint32_t> matched = routes.table.match(request);
  if (!matched) {
    log_no_router(routes, request);
    return answer(request, 404, "404 page not found\n");
  }
  return run_route(routes.routes[*matched], request);
}

Task<Result<http::Response>> run_route(const Route& route, http::Request& request) {
  request.router = route.router;
  if (route.deny_encoded_characters && !http::allowed(request.target.path, route.characters)) {
    return answer(request, 400, "Bad Request");
  }
  return route.handler->handle(request);
}

}  // namespace sluice::server
