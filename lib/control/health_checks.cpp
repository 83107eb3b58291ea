#include "control/health_checks.h"

#include <fmt/format.h>

#include "async/timer.h"
#include "base/text.h"
#include "control/grpc_health.h"
#include "observe/log.h"

namespace sluice::control {
namespace {

constexpr int kMostRedirects = 10;
constexpr std::size_t kMostReply = 64 * 1024;

std::string_view scheme_name(proxy::ServerUrl::Scheme scheme) {
  switch (scheme) {
    case proxy::ServerUrl::Scheme::https: return "https";
    case proxy::ServerUrl::Scheme::h2c: return "h2c";
    case proxy::ServerUrl::Scheme::http: break;
  }
  return "http";
}

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : '[' + host + ']'; }

// Where a redirection leads: a whole URL, or a path on the same server. False for what we do not follow.
bool follow(std::string_view location, rest::Call& call) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!location.starts_with(scheme)) continue;
    std::size_t path = location.find('/', scheme.size());
    call.server.origin = std::string(location.substr(0, path));
    call.server.connect_to.clear();
    std::erase_if(call.headers, [](const rest::Header& header) { return header.first == "Host"; });
    call.path = path == std::string_view::npos ? "/" : std::string(location.substr(path));
    return true;
  }
  if (!location.starts_with('/') || location.starts_with("//")) return false;
  call.path = std::string(location);
  return true;
}

rest::Call call_of(const HealthTarget& target) {
  const config::HealthCheck& settings = target.settings;
  const proxy::ServerUrl& url = target.server->url();
  std::string scheme = settings.scheme.empty() ? std::string(scheme_name(url.scheme)) : settings.scheme;
  if (scheme == "h2c") scheme = "http";
  std::string port = std::to_string(settings.port > 0 ? settings.port : url.port);
  std::string address = bracketed(url.host) + ':' + port;
  rest::Call call;
  call.server.origin = fmt::format("{}://{}", scheme, address);
  call.server.tls = target.tls;
  // The certificate is for this name; the connection goes to the server all the same.
  std::string name = target.tls_name.empty() ? settings.hostname : target.tls_name;
  if (scheme == "https" && !name.empty()) {
    call.server.origin = fmt::format("https://{}:{}", name, port);
    call.server.connect_to = address;
  }
  if (settings.mode == "grpc") {
    ask_grpc_health(call);
  } else {
    call.method = settings.method.empty() ? "GET" : settings.method;
    call.path = settings.path.starts_with('/') ? settings.path : '/' + settings.path;
    call.http2 = url.scheme == proxy::ServerUrl::Scheme::h2c && settings.scheme.empty();
    call.head_suffices = true;  // the path may be a page of any size, or a stream
  }
  for (const auto& [field, value] : settings.headers) call.headers.emplace_back(field, value);
  if (!settings.hostname.empty()) {
    call.headers.emplace_back("Host", settings.hostname);
  } else if (!call.server.connect_to.empty()) {
    call.headers.emplace_back("Host", url.authority);
  }
  call.connect_timeout = call.timeout = settings.timeout;
  call.max_reply = kMostReply;
  return call;
}

}  // namespace

HealthChecks::HealthChecks(Scope& scope) : scope_(scope), client_("Sluice health check") {}

void HealthChecks::adopt(std::vector<HealthTarget> targets) {
  for (auto& [key, check] : checks_) check->wanted = false;
  for (HealthTarget& target : targets) {
    auto [found, added] = checks_.try_emplace(target.key);
    if (!added) {
      found->second->wanted = true;
      found->second->target.health = std::move(target.health);
      continue;
    }
    found->second = std::make_shared<Check>(Check{std::move(target)});
    scope_.spawn(watch(found->second));
  }
}

Task<void> HealthChecks::watch(std::shared_ptr<Check> check) {
  for (;;) {
    std::string trouble = co_await probe(check->target);
    if (!check->wanted || scope_.cancelled()) break;
    note(*check, trouble);
    const config::HealthCheck& settings = check->target.settings;
    Status waited =
        co_await sleep_for(check->up ? settings.interval : settings.unhealthy_interval.value_or(settings.interval));
    if (!waited || !check->wanted) break;
  }
  checks_.erase(check->target.key);
}

void HealthChecks::note(Check& check, const std::string& trouble) {
  bool up = trouble.empty();
  check.target.health->checked(trouble, Loop::current().now());
  if (up == check.up) return;
  check.up = up;
  if (up) {
    log::info("server is healthy again and gets requests",
              {{log::field::kService, check.target.service}, {"server", check.target.server->name()}});
  } else {
    log::warn("server failed its health check and gets no requests", {{log::field::kService, check.target.service},
                                                                      {"server", check.target.server->name()},
                                                                      {log::field::kError, trouble}});
  }
}

Task<std::string> HealthChecks::probe(const HealthTarget& target) {
  rest::Call call = call_of(target);
  for (int redirects = 0;; ++redirects) {
    Result<rest::Reply> reply = co_await client_.send(call);
    if (!reply) co_return std::string(reply.error().text);
    if (target.settings.mode == "grpc") co_return grpc_health_of(*reply);
    bool redirected = reply->status >= 300 && reply->status < 400 && target.settings.follow_redirects;
    std::string location(reply->header("Location"));
    if (redirected && redirects < kMostRedirects && follow(location, call)) continue;
    bool well = target.settings.status > 0 ? reply->status == target.settings.status
                                           : reply->status >= 200 && reply->status < 400;
    if (well) co_return std::string();
    co_return fmt::format("{} {} answered {}", call.method, call.path, reply->status);
  }
}

}  // namespace sluice::control
