#include "middleware/headers.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/authority.h"
#include "middleware/answers.h"

namespace sluice::middleware {

control::MadeMiddleware Headers::make(const config::Headers& settings) {
  if (settings == config::Headers()) return control::MadeMiddleware::refused("headers has no options");
  auto made = std::make_shared<Headers>();
  std::string error;
  auto edit = [&](FieldEdits& edits, const std::string& name, const std::string& value) {
    if (value.empty() ? edits.remove(name) : edits.set(name, value)) return;
    error = fmt::format("the header {} with the value {} cannot be sent", name, printable(value, 100));
  };
  for (const auto& [name, value] : settings.custom_request_headers) {
    if (iequals(name, "Host")) {
      Arena arena;
      if (value.empty() || http::parse_authority(value, arena)) {
        made->host_ = value;
      } else {
        error = fmt::format("the Host {} is no host", printable(value, 100));
      }
      continue;
    }
    if (iequals(name, "X-Forwarded-For") && value.empty()) made->no_forwarded_for_ = true;
    edit(made->request_, name, value);
  }
  for (const auto& [name, value] : settings.custom_response_headers) edit(made->response_, name, value);
  if (error.empty() && Cors::configured(settings)) made->cors_ = Cors::make(settings, error);
  if (error.empty()) made->security_ = SecurityHeaders::make(settings, error);
  if (!error.empty()) return control::MadeMiddleware::refused(std::move(error));
  return control::MadeMiddleware::of(std::move(made));
}

Task<Result<http::Response>> Headers::handle(http::Request& request, const proxy::Handler& next) const {
  if (cors_ != nullptr || !response_.empty() || security_->any()) return handle_both(request, next);
  request_.apply(request.fields);
  if (!host_.empty()) request.authority = host_;
  if (no_forwarded_for_) request.append_forwarded_for = false;
  if (!security_->host_allowed(request)) return answer(request, 500, "Bad Host");
  return next.handle(request);
}

Task<Result<http::Response>> Headers::handle_both(http::Request& request, const proxy::Handler& next) const {
  if (cors_ != nullptr) {
    std::optional<http::Response> preflight = cors_->preflight(request);
    if (preflight) co_return std::move(*preflight);
  }
  request_.apply(request.fields);
  if (!host_.empty()) request.authority = host_;
  if (no_forwarded_for_) request.append_forwarded_for = false;
  Task<Result<http::Response>> task =
      security_->host_allowed(request) ? next.handle(request) : answer(request, 500, "Bad Host");
  Result<http::Response> response = co_await std::move(task);
  if (response) {
    security_->apply(request, *response);
    response_.apply(response->fields);
    if (cors_ != nullptr) cors_->apply(request, *response);
  }
  co_return response;
}

const control::MiddlewareKind Headers::kKind = {
    "headers", [](const config::Middleware& settings) { return settings.headers.has_value(); },
    [](const control::MiddlewareParts& parts) { return Headers::make(*parts.settings.headers); }};

}  // namespace sluice::middleware
