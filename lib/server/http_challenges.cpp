#include "server/http_challenges.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "async/timer.h"
#include "base/encoding.h"
#include "base/text.h"
#include "observe/log.h"
#include "observe/rate_limited.h"
#include "proxy/answering.h"
#include "server/h1_connection.h"

namespace sluice::server {
namespace {

// RFC 8555 §8.3: base64url, and at least 128 bits of it.
constexpr std::size_t kShortestToken = 16;
constexpr std::size_t kLongestToken = 256;
constexpr Duration kTargetTime = 10s;
constexpr std::size_t kTargetBytes = 64 * 1024;
constexpr std::string_view kOurs = "the host's certificates are obtained here, and no order has this token";

// The token of a challenge path, or empty: only what a CA would ask, byte for byte. What merely normalises to such a
// path is for the routers.
std::string_view token_of(const http::Request& request) {
  if (request.method != http::Method::get && request.method != http::Method::head) return {};
  std::string_view path = request.target.raw.substr(0, request.target.raw.find('?'));
  if (!path.starts_with(kChallengePath)) return {};
  std::string_view token = path.substr(kChallengePath.size());
  if (token.size() < kShortestToken || token.size() > kLongestToken) return {};
  bool good = std::all_of(token.begin(), token.end(),
                          [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; });
  return good ? token : std::string_view();
}

// By this name we know our own requests when they come back (RFC 9110 §7.6.3).
const std::string& own_via() {
  static const std::string via = "1.1 sluice-" + random_hex(6);
  return via;
}

bool came_through_us(const http::Request& request) {
  std::string_view name = std::string_view(own_via()).substr(own_via().find(' ') + 1);
  for (const http::Field& field : request.fields) {
    if (field.id == http::FieldId::via && field.value.find(name) != std::string_view::npos) return true;
  }
  return false;
}

HttpChallenge by(HttpChallenge::Way way, std::string_view why) {
  HttpChallenge challenge;
  challenge.way = way;
  challenge.why = why;
  return challenge;
}

void log_unanswered(const http::Request& request, std::uint16_t status, std::string_view why) {
  if (!log::enabled(log::Level::warn)) return;
  static log::RateLimited limiter(10s);
  std::optional<log::RateLimited::Pass> pass = limiter.admit(request.host, Time::now());
  if (!pass) return;
  log::warn(fmt::format("{} for a question of a CA that nobody here can answer", status),
            {{log::field::kEntryPoint, request.peer.entry_point},
             {"host", request.host},
             {"path", request.target.path},
             {"client", request.peer.remote.ip.to_string()},
             {"reason", why},
             {log::field::kSuppressed, pass->suppressed}});
}

// The same answer in all cases, so that nobody learns what is armed for whom.
Task<Result<http::Response>> refuse(http::Request& request, std::uint16_t status, std::string_view why) {
  log_unanswered(request, status, why);
  http::Response response(request.arena);
  response.status = status;
  response.body = std::make_unique<http::TextBody>("");
  response.cause = why;
  co_return response;
}

Task<Result<http::Response>> answer(http::Request& request, std::string_view key_authorization) {
  co_return http::text_response(request.arena, 200, request.arena.copy(key_authorization));
}

void count(const ChallengeCounts* counts, HttpChallenge::Way way) {
  using Way = HttpChallenge::Way;
  if (counts == nullptr || way == Way::none) return;
  const bool passed = way == Way::target || way == Way::router || way == Way::redirect;
  counts->add(ChallengeCounts::http, way == Way::answer ? ChallengeCounts::own
                                     : passed           ? ChallengeCounts::forwarded
                                                        : ChallengeCounts::refused);
}

// Ends what runs in a scope when its time is over.
class TimeLimit final : private Timer {
 public:
  TimeLimit(Scope& scope, Duration limit) : scope_(scope) { set(limit); }
  ~TimeLimit() { clear(); }

 private:
  void on_timer() override {
    scope_.cancel(Error::of(Code::timed_out, "the target of the challenge did not answer in time", Origin::upstream));
  }
  Scope& scope_;
};

// The whole content, in the request's arena; it is a line of text.
Task<Result<std::string_view>> read_all(http::Body& body, Arena& arena) {
  std::string content;
  for (;;) {
    Result<http::Bytes> bytes = co_await body.read();
    if (!bytes) co_return bytes.error();
    if (bytes->empty()) break;
    if (content.size() + bytes->size() > kTargetBytes) {
      co_return Error::of(Code::too_large, "the answer to a challenge is larger than 64 KiB", Origin::upstream);
    }
    content += *bytes;
  }
  co_return arena.copy(content);
}

Task<Result<http::Response>> ask(const proxy::Handler& service, http::Request& request) {
  Result<http::Response> response = co_await service.handle(request);
  if (!response) co_return response;
  if (response->tunnel != nullptr) {
    co_return Error::of(Code::invalid, "a challenge was answered with a tunnel", Origin::upstream);
  }
  if (response->body != nullptr) {
    Result<std::string_view> content = co_await read_all(*response->body, request.arena);
    if (!content) co_return content.error();
    response->body = std::make_unique<http::TextBody>(*content);
  }
  co_return response;
}

Task<Result<http::Response>> ask_in_time(Scope& scope, const proxy::Handler& service, http::Request& request) {
  TimeLimit limit(scope, kTargetTime);
  Result<http::Response> response = co_await in_scope(scope, ask(service, request));
  co_return response;
}

Task<Result<http::Response>> ask_target(const HttpChallengeTarget& target, http::Request& request) {
  request.router = target.router;
  request.body = nullptr;
  request.upgrade = {};
  Scope* outer = co_await current_scope();
  Scope scope(outer);
  Result<http::Response> response = co_await ask_in_time(scope, *target.service, request);
  if (scope.running() > 0) {
    scope.cancel(Error::of(Code::cancelled, "the exchange is over"));
    co_await scope.join();
  }
  // A session cookie has no business in an answer to a CA.
  if (response) response->fields.remove(http::FieldId::set_cookie);
  co_return response;
}

}  // namespace

HttpChallenge decide_challenge(const HttpPlace& place, const http::Request& request) {
  using Way = HttpChallenge::Way;
  std::string_view token = token_of(request);
  if (token.empty()) return {};
  if (place.armed != nullptr) {
    if (const std::string* known = place.armed->http(request.host, token)) {
      HttpChallenge own = by(Way::answer, "the challenge is armed here");
      own.key_authorization = *known;
      return own;
    }
  }
  if (came_through_us(request)) return by(Way::loop, "the request came through this router already");
  const HttpChallengeTarget* target = place.rules == nullptr ? nullptr : place.rules->http.find(request.host);
  if (target != nullptr) {
    HttpChallenge handed = by(Way::target, "the host's challenges are delegated");
    handed.target = target;
    return handed;
  }
  const HttpRoutes& routes = place.routes;
  const route::HttpTable& table = routes.not_redirected != nullptr ? *routes.not_redirected : routes.table;
  std::optional<std::uint32_t> matched = table.match(request);
  bool managed = place.rules != nullptr && place.rules->manages(request.host);
  if (matched) {
    bool passes = !managed || routes.routes[*matched].takes_challenges || routes.challenges_pass;
    if (!passes) return by(Way::refuse, kOurs);
    HttpChallenge routed = by(Way::router, managed ? "the router or its entry point lets challenges pass"
                                                   : "the host's certificates are not obtained here");
    routed.route = *matched;
    return routed;
  }
  if (managed && !routes.challenges_pass && !place.rules->lets_pass(request.host)) {
    return by(Way::refuse, kOurs);
  }
  if (routes.not_redirected != nullptr) return by(Way::redirect, "no router takes the host; the entry point redirects");
  bool elsewhere = place.armed != nullptr && place.armed->has_token(token);
  return by(Way::refuse, elsewhere ? "the token is armed for another host" : "no router takes the host");
}

Task<Result<http::Response>> answer_challenge(const HttpPlace& place, http::Request& request) {
  using Way = HttpChallenge::Way;
  HttpChallenge challenge = decide_challenge(place, request);
  count(place.counts, challenge.way);
  switch (challenge.way) {
    case Way::none:
    case Way::redirect: return route_request(place.routes, request);
    case Way::answer:
      log::debug("a CA asked for a challenge and was answered",
                 {{log::field::kEntryPoint, request.peer.entry_point}, {"host", request.host}});
      return answer(request, challenge.key_authorization);
    case Way::loop: return refuse(request, 508, challenge.why);
    case Way::refuse: return refuse(request, 404, challenge.why);
    case Way::target: request.fields.add(http::FieldId::via, own_via()); return ask_target(*challenge.target, request);
    case Way::router: break;
  }
  request.fields.add(http::FieldId::via, own_via());
  return run_route(place.routes.routes[challenge.route], request);
}

// Not a coroutine, as route_request.
Task<Result<http::Response>> answer_request(const HttpRoutes& routes, const Snapshot& snapshot, std::size_t entry_point,
                                            Host& host, http::Request& request) {
  std::string_view raw = request.target.raw;
  bool may_be_challenge = raw.size() > kChallengePath.size() && raw[1] == '.';
  if (!may_be_challenge) return route_request(routes, request);
  HttpPlace place{routes, snapshot.challenge_rules(entry_point), host.challenges(), host.challenge_counts()};
  return answer_challenge(place, request);
}

}  // namespace sluice::server
