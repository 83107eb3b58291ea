#include "proxy/failover.h"

#include "observe/log.h"
#include "proxy/answering.h"
#include "proxy/content_store.h"
#include "proxy/keep_for_exchange.h"
#include "proxy/saved_request.h"

namespace sluice::proxy {
namespace {

// What goes beyond this is kept in a file.
constexpr std::uint64_t kInMemory = 1024 * 1024;

Task<Result<http::Response>> nobody() {
  Error error = Error::of(Code::unavailable, "neither the service nor its fallback is ready");
  error.nothing_sent = true;
  co_return error;
}

}  // namespace

Task<Result<http::Response>> Failover::handle(http::Request& request) const {
  if (!service_->ready()) return fallback_->ready() ? fallback_->handle(request) : nobody();
  // Without a fallback the first answer is the answer, whatever it is.
  if (!errors_ || !fallback_->ready()) return service_->handle(request);
  return try_both(request);
}

bool Failover::failed(const Result<http::Response>& response) const {
  if (response) return response->tunnel == nullptr && errors_->status.contains(response->status);
  const Error& error = response.error();
  if (error.origin == Origin::client || error.code == Code::cancelled) return false;
  return errors_->status.contains(status_of(error));
}

Task<Result<http::Response>> Failover::try_both(http::Request& request) const {
  http::Body* body = request.body;
  Ref<ContentStore> content;
  if (body != nullptr) {
    content = Ref<ContentStore>(new ContentStore(kInMemory));
    Scope* scope = co_await current_scope();
    keep_for_exchange(*scope, content);
    std::int64_t most = errors_->max_request_body_bytes;
    Result<bool> complete =
        co_await content->fill(*body, most < 0 ? ContentStore::kNoLimit : static_cast<std::uint64_t>(most));
    if (!complete) co_return complete.error();
    if (!*complete) co_return http::text_response(request.arena, 413, http::reason_phrase(413));
    request.body = content->new_request_body(request.arena, *body, true);
  }
  SavedRequest saved(request);
  Result<http::Response> response = co_await service_->handle(request);
  if (!failed(response)) co_return response;
  log::debug("the fallback is asked", {{log::field::kRouter, request.router}, {log::field::kService, request.service}});
  if (response) response->body.reset();
  saved.restore();
  if (body != nullptr) request.body = content->new_request_body(request.arena, *body, true);
  Result<http::Response> second = co_await fallback_->handle(request);
  co_return second;
}

}  // namespace sluice::proxy
