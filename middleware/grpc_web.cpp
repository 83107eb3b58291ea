#include "middleware/grpc_web.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "http/chars.h"
#include "middleware/grpc_web_bodies.h"
#include "proxy/answering.h"
#include "proxy/keep_for_exchange.h"

namespace sluice::middleware {
namespace {

constexpr std::string_view kGrpc = "application/grpc";
constexpr std::string_view kGrpcWeb = "application/grpc-web";
constexpr std::string_view kText = "-text";

// What follows "application/grpc-web" in a Content-Type: "", "+proto", "-text+proto"; nothing for other types.
std::optional<std::string_view> variant_of(std::string_view content_type) {
  if (!istarts_with(content_type, kGrpcWeb)) return std::nullopt;
  std::string_view variant = content_type.substr(kGrpcWeb.size());
  if (variant.empty() || variant[0] == '+' || variant[0] == ';' || istarts_with(variant, kText)) return variant;
  return std::nullopt;
}

bool is_grpc(std::string_view content_type) {
  std::string_view rest = content_type.substr(std::min(kGrpc.size(), content_type.size()));
  return istarts_with(content_type, kGrpc) && (rest.empty() || rest[0] == '+' || rest[0] == ';');
}

// Every field name of the response, for pages that may read no other.
std::string_view exposed_names(const http::Response& response, Arena& arena) {
  std::string names = "grpc-status,grpc-message";
  for (const http::Field& field : response.fields) {
    names += ',';
    names += field.name;
  }
  return arena.copy(names);
}

}  // namespace

bool GrpcWeb::allows(std::string_view origin) const {
  return !origin.empty() && std::any_of(origins_.begin(), origins_.end(), [&](const std::string& allowed) {
    return allowed == "*" || allowed == origin;
  });
}

Task<Result<http::Response>> GrpcWeb::preflight(http::Request& request) const {
  http::Response response(request.arena);
  std::string_view origin = request.fields.get(http::FieldId::origin).value_or("");
  response.fields.add(http::FieldId::vary, "Origin");
  if (allows(origin)) {
    response.fields.add("Access-Control-Allow-Origin", origin);
    response.fields.add("Access-Control-Allow-Methods", "POST");
    response.fields.add("Access-Control-Allow-Headers",
                        request.fields.get("Access-Control-Request-Headers").value_or(""));
    response.fields.add("Access-Control-Allow-Credentials", "true");
    response.fields.add("Access-Control-Max-Age", "600");
  }
  co_return response;
}

Task<Result<http::Response>> GrpcWeb::call(http::Request& request, const proxy::Handler& next,
                                           std::string_view variant) const {
  bool text = istarts_with(variant, kText);
  std::string_view format = text ? variant.substr(kText.size()) : variant;
  std::string_view origin = request.fields.get(http::FieldId::origin).value_or("");
  std::array<std::string_view, 2> type = {kGrpc, format};
  request.fields.set(http::FieldId::content_type, request.arena.join(type));
  request.fields.remove(http::FieldId::content_length);
  request.fields.set(http::FieldId::te, "trailers");
  if (text && request.body != nullptr) {
    auto body = std::make_unique<Base64DecodedBody>(*request.body);
    request.body = body.get();
    Scope* scope = co_await current_scope();
    proxy::keep_for_exchange(*scope, std::move(body));
  }
  Result<http::Response> response = co_await next.handle(request);
  if (!response) co_return response;
  std::string_view answered = response->fields.get(http::FieldId::content_type).value_or("");
  if (is_grpc(answered) && proxy::failure_of(*response) == nullptr) {
    std::array<std::string_view, 3> web = {kGrpcWeb, text ? kText : std::string_view(), answered.substr(kGrpc.size())};
    response->fields.set(http::FieldId::content_type, request.arena.join(web));
    response->fields.remove(http::FieldId::content_length);
    response->fields.remove(http::FieldId::trailer);
    if (response->body != nullptr) response->body = std::make_unique<GrpcWebBody>(std::move(response->body), text);
  }
  if (allows(origin)) {
    response->fields.set("Access-Control-Expose-Headers", exposed_names(*response, request.arena));
    response->fields.set("Access-Control-Allow-Origin", origin);
    response->fields.set("Access-Control-Allow-Credentials", "true");
    response->fields.add(http::FieldId::vary, "Origin");
  }
  co_return response;
}

Task<Result<http::Response>> GrpcWeb::handle(http::Request& request, const proxy::Handler& next) const {
  if (request.method == http::Method::options && request.fields.has(http::FieldId::origin)) {
    std::string_view asked = request.fields.get("Access-Control-Request-Headers").value_or("");
    if (request.fields.get("Access-Control-Request-Method") == "POST" && http::list_contains(asked, "x-grpc-web")) {
      return preflight(request);
    }
  }
  std::optional<std::string_view> variant =
      variant_of(request.fields.get(http::FieldId::content_type).value_or(std::string_view()));
  if (request.method != http::Method::post || !variant) return next.handle(request);
  return call(request, next, *variant);
}

const control::MiddlewareKind GrpcWeb::kKind = {
    "grpcWeb", [](const config::Middleware& settings) { return settings.grpc_web.has_value(); },
    [](const control::MiddlewareParts& parts) {
      return control::MadeMiddleware::of(std::make_shared<GrpcWeb>(*parts.settings.grpc_web));
    }};

}  // namespace sluice::middleware
