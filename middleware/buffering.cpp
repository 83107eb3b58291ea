#include "middleware/buffering.h"

#include <algorithm>
#include <array>

#include "middleware/answers.h"
#include "proxy/answering.h"
#include "proxy/keep_for_exchange.h"
#include "proxy/saved_request.h"

namespace sluice::middleware {
namespace {

constexpr int kMostAttempts = 10;

enum : std::size_t { kAttempts, kResponseCode, kIsNetworkError, kRequestMethod };

constexpr std::array<Predicate::Function, 4> kRetryVocabulary = {{
    {"Attempts", 0, Predicate::Type::number},
    {"ResponseCode", 0, Predicate::Type::number},
    {"IsNetworkError", 0, Predicate::Type::truth},
    {"RequestMethod", 0, Predicate::Type::text},
}};

class AttemptFacts final : public Predicate::Facts {
 public:
  AttemptFacts(const http::Request& request, std::uint16_t status, int attempt)
      : request_(request), status_(status), attempt_(attempt) {}

  Predicate::Value value(std::size_t function, std::span<const double> /*arguments*/) const override {
    Predicate::Value value;
    switch (function) {
      case kAttempts: value.number = attempt_; break;
      case kResponseCode: value.number = status_; break;
      case kIsNetworkError: value.truth = status_ == 502 || status_ == 504; break;
      default: value.text = request_.method_text; break;
    }
    return value;
  }

 private:
  const http::Request& request_;
  std::uint16_t status_;
  int attempt_;
};

// An option in bytes where 0, and what is below, means no limit.
std::uint64_t limit_of(std::int64_t option) {
  return option > 0 ? static_cast<std::uint64_t>(option) : proxy::ContentStore::kNoLimit;
}

std::uint64_t memory_of(std::int64_t option) { return static_cast<std::uint64_t>(std::max<std::int64_t>(option, 0)); }

}  // namespace

control::MadeMiddleware Buffering::make(const config::Buffering& settings) {
  if (settings.max_request_body_bytes < 0 || settings.mem_request_body_bytes < 0 ||
      settings.max_response_body_bytes < 0 || settings.mem_response_body_bytes < 0) {
    return control::MadeMiddleware::refused("the sizes of buffering are not negative");
  }
  std::optional<Predicate> retry;
  if (!settings.retry_expression.empty()) {
    std::string error;
    retry = Predicate::parse(settings.retry_expression, kRetryVocabulary, error);
    if (!retry) return control::MadeMiddleware::refused(std::move(error));
  }
  return control::MadeMiddleware::of(std::make_shared<Buffering>(settings, std::move(retry)));
}

bool Buffering::again(const http::Request& request, const http::Response& response, int attempt) const {
  return retry_ && response.tunnel == nullptr && attempt < kMostAttempts &&
         retry_->holds(AttemptFacts(request, response.status, attempt));
}

Task<Result<http::Response>> Buffering::take_in(http::Request& request, http::Response response) const {
  if (response.body == nullptr || response.tunnel != nullptr || proxy::failure_of(response) != nullptr) {
    co_return response;
  }
  Ref<proxy::ContentStore> content(new proxy::ContentStore(memory_of(settings_.mem_response_body_bytes)));
  Result<bool> complete = co_await content->fill(*response.body, limit_of(settings_.max_response_body_bytes));
  if (!complete) co_return complete.error();
  if (!*complete) co_return plain_response(request, 500);
  response.body = proxy::ContentStore::as_response_body(std::move(content), std::move(response.body));
  co_return response;
}

Task<Result<http::Response>> Buffering::handle(http::Request& request, const proxy::Handler& next) const {
  Ref<proxy::ContentStore> content;
  http::Body* body = request.upgrade.empty() ? request.body : nullptr;
  if (body != nullptr) {
    content = Ref<proxy::ContentStore>(new proxy::ContentStore(memory_of(settings_.mem_request_body_bytes)));
    Scope* scope = co_await current_scope();
    proxy::keep_for_exchange(*scope, content);
    Result<bool> complete = co_await content->fill(*body, limit_of(settings_.max_request_body_bytes));
    if (!complete) co_return complete.error();
    if (!*complete) co_return plain_response(request, 413);
  }
  proxy::SavedRequest saved(request);
  for (int attempt = 1;; ++attempt) {
    if (content) request.body = content->new_request_body(request.arena, *body, true);
    Result<http::Response> response = co_await next.handle(request);
    if (!response) co_return response;
    bool repeats = again(request, *response, attempt);
    if (!repeats) {
      Result<http::Response> whole = co_await take_in(request, std::move(*response));
      co_return whole;
    }
    response->body.reset();
    saved.restore();
  }
}

const control::MiddlewareKind Buffering::kKind = {
    "buffering", [](const config::Middleware& settings) { return settings.buffering.has_value(); },
    [](const control::MiddlewareParts& parts) { return Buffering::make(*parts.settings.buffering); }};

}  // namespace sluice::middleware
