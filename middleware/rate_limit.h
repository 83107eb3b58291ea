// rate_limit.h: the rateLimit middleware: a token bucket for each source. A request whose token is not there but comes
// soon waits for it; others are answered 429 with Retry-After.
//
// Immutable and shared by all workers; the buckets are in the registry under the middleware's name and settings.
#pragma once

#include <memory>

#include "control/middleware_kind.h"
#include "middleware/rate_buckets.h"
#include "middleware/request_source.h"

namespace sluice::middleware {

class RateLimit final : public proxy::Middleware {
 public:
  // `workers` will share it; with `redis` over TLS `tls` is how.
  static control::MadeMiddleware make(const config::RateLimit& settings, const std::string& name,
                                      control::Registry& registry, unsigned workers = 1,
                                      std::shared_ptr<const tls::ClientContext> tls = nullptr);
  // Nothing without TLS towards Redis.
  static std::optional<control::ClientTlsSettings> tls_of(const config::RateLimit& settings);
  // 429, to come back after `wait`.
  static http::Response refusal(http::Request& request, Duration wait);
  // `buckets` null: no limit.
  RateLimit(RequestSource source, std::shared_ptr<RateBuckets> buckets, Duration patience)
      : source_(std::move(source)), buckets_(std::move(buckets)), patience_(patience) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  static Task<Result<http::Response>> delay(http::Request& request, const proxy::Handler& next, Duration wait);
  static Task<Result<http::Response>> refuse(http::Request& request, Duration wait);

  RequestSource source_;
  std::shared_ptr<RateBuckets> buckets_;
  Duration patience_;
};

}  // namespace sluice::middleware
