#include "middleware/rate_limit.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/timer.h"
#include "middleware/answers.h"
#include "middleware/redis_server.h"
#include "middleware/shared_rate_limit.h"

namespace sluice::middleware {
namespace {

// How long a request may be held back: half the time between two tokens, at most half a second, as Traefik has it.
Duration patience_of(double rate) {
  if (rate <= 1) return 500ms;
  return Duration(1s) / (static_cast<std::int64_t>(rate) * 2);
}

std::string key_of(const config::RateLimit& settings, const std::string& name) {
  std::string key =
      fmt::format("rateLimit {} {}/{}ns {}", name, settings.average, settings.period.count(), settings.burst);
  if (settings.source_criterion) {
    const config::SourceCriterion& source = *settings.source_criterion;
    key += fmt::format(" header:{} host:{}", source.request_header_name, source.request_host);
    if (source.ip_strategy) {
      key += fmt::format(" depth:{} subnet:{}", source.ip_strategy->depth, source.ip_strategy->ipv6_subnet.value_or(0));
      for (const std::string& excluded : source.ip_strategy->excluded_ips) key += " -" + excluded;
    }
  }
  return key;
}

}  // namespace

control::MadeMiddleware RateLimit::make(const config::RateLimit& given, const std::string& name,
                                        control::Registry& registry, unsigned workers,
                                        std::shared_ptr<const tls::ClientContext> tls) {
  config::RateLimit settings = given;
  if (settings.period < 0s) return control::MadeMiddleware::refused("the period of rateLimit is negative");
  if (settings.average < 0) return control::MadeMiddleware::refused("the average of rateLimit is negative");
  if (settings.period == 0s) settings.period = 1s;
  settings.burst = std::max<std::int64_t>(settings.burst, 1);
  std::string error;
  std::optional<RequestSource> source =
      RequestSource::make(settings.source_criterion, RequestSource::By::address, error);
  if (!source) return control::MadeMiddleware::refused(std::move(error));
  Duration interval = settings.average == 0 ? 0s : settings.period / settings.average;
  if (interval <= 0s) {  // no limit, or one beyond what a clock can tell
    return control::MadeMiddleware::of(std::make_shared<RateLimit>(std::move(*source), nullptr, 0s));
  }
  settings.burst = std::min(settings.burst, Duration::max().count() / 4 / interval.count());
  double rate = static_cast<double>(settings.average) * 1e9 / static_cast<double>(settings.period.count());
  if (settings.redis) {
    auto server = RedisServer::make(*settings.redis, workers, std::move(tls), registry, error);
    if (server == nullptr) return control::MadeMiddleware::refused(std::move(error));
    auto made = control::MadeMiddleware::of(std::make_shared<SharedRateLimit>(
        name, std::move(*source), SharedRateLimit::Limit{interval, settings.burst, patience_of(rate)}, server));
    made.endpoints = server->endpoints();
    return made;
  }
  auto buckets = registry.get<RateBuckets>(key_of(settings, name),
                                           [&] { return std::make_shared<RateBuckets>(interval, settings.burst); });
  return control::MadeMiddleware::of(
      std::make_shared<RateLimit>(std::move(*source), std::move(buckets), patience_of(rate)));
}

Task<Result<http::Response>> RateLimit::handle(http::Request& request, const proxy::Handler& next) const {
  if (buckets_ == nullptr) return next.handle(request);
  RateBuckets::Verdict verdict = buckets_->take(source_.of(request), Loop::current().now(), patience_);
  if (!verdict.admitted) return refuse(request, verdict.wait);
  if (verdict.wait > 0s) return delay(request, next, verdict.wait);
  return next.handle(request);
}

Task<Result<http::Response>> RateLimit::delay(http::Request& request, const proxy::Handler& next, Duration wait) {
  Status slept = co_await sleep_for(wait);
  if (!slept) co_return slept.error();
  Result<http::Response> response = co_await next.handle(request);
  co_return response;
}

http::Response RateLimit::refusal(http::Request& request, Duration wait) {
  http::Response response = plain_response(request, 429);
  std::int64_t seconds = (wait + 1s - 1ns) / 1s;
  response.fields.add(http::FieldId::retry_after, request.arena.copy(std::to_string(seconds)));
  response.fields.add("X-Retry-In", request.arena.copy(format_duration(wait)));
  return response;
}

Task<Result<http::Response>> RateLimit::refuse(http::Request& request, Duration wait) {
  co_return refusal(request, wait);
}

std::optional<control::ClientTlsSettings> RateLimit::tls_of(const config::RateLimit& settings) {
  if (!settings.redis || !settings.redis->tls || settings.redis->endpoints.empty()) return std::nullopt;
  const config::ClientTls& options = *settings.redis->tls;
  control::ClientTlsSettings tls;
  tls.insecure_skip_verify = options.insecure_skip_verify;
  if (!options.ca.empty()) tls.root_cas = {options.ca};
  if (!options.cert.empty() || !options.key.empty()) {
    config::CertificateFiles& own = tls.certificates.emplace_back();
    own.cert_file = options.cert;
    own.key_file = options.key;
  }
  return tls;
}

const control::MiddlewareKind RateLimit::kKind = {
    "rateLimit", [](const config::Middleware& settings) { return settings.rate_limit.has_value(); },
    [](const control::MiddlewareParts& parts) {
      return make(*parts.settings.rate_limit, parts.name, parts.registry, parts.workers, parts.tls);
    },
    nullptr, [](const config::Middleware& settings) { return tls_of(*settings.rate_limit); }};

}  // namespace sluice::middleware
