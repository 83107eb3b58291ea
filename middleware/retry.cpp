#include "middleware/retry.h"

#include <cmath>

#include "async/timer.h"
#include "observe/log.h"
#include "proxy/answering.h"
#include "proxy/content_store.h"
#include "proxy/keep_for_exchange.h"
#include "proxy/saved_request.h"

namespace sluice::middleware {

control::MadeMiddleware Retry::make(const config::Retry& settings) {
  if (settings.attempts < 1) return control::MadeMiddleware::refused("retry needs attempts, at least 1");
  if (settings.disable_retry_on_network_error && settings.status.empty()) {
    return control::MadeMiddleware::refused("with disableRetryOnNetworkError and no status there is nothing to retry");
  }
  if (settings.initial_interval < 0s || settings.timeout < 0s) {
    return control::MadeMiddleware::refused("initialInterval and timeout are not negative");
  }
  std::string error;
  proxy::StatusRanges status;
  if (!status.parse(settings.status, error)) return control::MadeMiddleware::refused(std::move(error));
  return control::MadeMiddleware::of(std::make_shared<Retry>(settings, std::move(status)));
}

bool Retry::by_status(const http::Request& request) const {
  if (status_.empty() || settings_.attempts < 2) return false;
  if (settings_.retry_non_idempotent_method) return true;
  return request.method != http::Method::post && request.method != http::Method::patch && request.method_text != "LOCK";
}

bool Retry::again(const Result<http::Response>& response, bool by_status) const {
  if (!response) {
    return !settings_.disable_retry_on_network_error && response.error().origin == Origin::upstream &&
           response.error().nothing_sent;
  }
  if (response->tunnel != nullptr) return false;
  const Error* failure = proxy::failure_of(*response);
  if (failure != nullptr && failure->nothing_sent && !settings_.disable_retry_on_network_error) return true;
  return by_status && status_.contains(response->status);
}

// Grows from the initial interval to twice that over all attempts, as Traefik's does.
Duration Retry::pause_before(std::int64_t attempt) const {
  if (settings_.attempts <= 2) return settings_.initial_interval;
  double factor = std::exp2(static_cast<double>(attempt - 2) / static_cast<double>(settings_.attempts - 1));
  return Duration(static_cast<std::int64_t>(static_cast<double>(settings_.initial_interval.count()) * factor));
}

Task<Result<http::Response>> Retry::handle(http::Request& request, const proxy::Handler& next) const {
  bool repeats_status = by_status(request);
  http::Body* body = request.body;
  Ref<proxy::ContentStore> content;
  bool complete = false;
  if (repeats_status && body != nullptr) {
    content = Ref<proxy::ContentStore>(new proxy::ContentStore);
    Scope* scope = co_await current_scope();
    proxy::keep_for_exchange(*scope, content);
    std::int64_t limit = settings_.max_request_body_bytes;
    Result<bool> all =
        co_await content->fill(*body, limit < 0 ? proxy::ContentStore::kNoLimit : static_cast<std::uint64_t>(limit));
    if (!all) co_return all.error();
    repeats_status = complete = *all;
  }
  proxy::SavedRequest saved(request);
  Time began = Loop::current().now();
  for (std::int64_t attempt = 1;; ++attempt) {
    if (content) request.body = content->new_request_body(request.arena, *body, complete);
    Result<http::Response> response = co_await next.handle(request);
    if (attempt >= settings_.attempts || !again(response, repeats_status)) co_return response;
    Duration pause = pause_before(attempt + 1);
    if (settings_.timeout > 0s && Loop::current().now() + pause > began + settings_.timeout) co_return response;
    log::debug("the request is tried again", {{log::field::kRouter, request.router}, {"attempt", attempt + 1}});
    if (response) response->body.reset();
    if (pause > 0s) {
      Status slept = co_await sleep_for(pause);
      if (!slept) co_return slept.error();
    }
    saved.restore();
  }
}

const control::MiddlewareKind Retry::kKind = {
    "retry", [](const config::Middleware& settings) { return settings.retry.has_value(); },
    [](const control::MiddlewareParts& parts) { return Retry::make(*parts.settings.retry); }};

}  // namespace sluice::middleware
