#include "middleware/cors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/chars.h"

namespace sluice::middleware {
namespace {

std::string joined(const std::vector<std::string>& values) {
  std::string all;
  for (const std::string& value : values) all += (all.empty() ? "" : ",") + value;
  return all;
}

bool has_star(const std::vector<std::string>& values) {
  return std::find(values.begin(), values.end(), "*") != values.end();
}

void add_vary_origin(http::Response& response) {
  std::optional<std::string_view> vary = response.fields.get(http::FieldId::vary);
  if (!vary || vary->empty()) {
    response.fields.set(http::FieldId::vary, "Origin");
  } else if (!http::list_contains(*vary, "Origin") && *vary != "*") {
    std::array<std::string_view, 2> pieces = {*vary, ",Origin"};
    response.fields.set(http::FieldId::vary, response.fields.arena().join(pieces));
  }
}

}  // namespace

bool Cors::configured(const config::Headers& settings) {
  return settings.access_control_allow_credentials || !settings.access_control_allow_headers.empty() ||
         !settings.access_control_allow_methods.empty() || !settings.access_control_allow_origin_list.empty() ||
         !settings.access_control_allow_origin_list_regex.empty() || !settings.access_control_expose_headers.empty() ||
         settings.access_control_max_age || settings.add_vary_header;
}

std::unique_ptr<const Cors> Cors::make(const config::Headers& settings, std::string& error) {
  std::unique_ptr<Cors> cors(new Cors);
  cors->credentials_ = settings.access_control_allow_credentials;
  cors->vary_ = settings.add_vary_header;
  cors->origins_ = settings.access_control_allow_origin_list;
  cors->any_origin_ = has_star(cors->origins_);
  for (const std::string& text : settings.access_control_allow_origin_list_regex) {
    std::string why;
    cors->origin_regexps_.push_back(Regexp::compile(text, why));
    if (cors->origin_regexps_.back() == nullptr) {
      error = fmt::format("the accessControlAllowOriginListRegex {} cannot be used: {}", text, why);
      return nullptr;
    }
  }
  cors->headers_ = joined(settings.access_control_allow_headers);
  cors->methods_ = joined(settings.access_control_allow_methods);
  cors->expose_ = joined(settings.access_control_expose_headers);
  if (cors->credentials_) {
    cors->any_header_ = has_star(settings.access_control_allow_headers);
    cors->any_method_ = has_star(settings.access_control_allow_methods);
    if (has_star(settings.access_control_expose_headers)) cors->expose_.clear();
  }
  if (settings.access_control_max_age) cors->max_age_ = std::to_string(*settings.access_control_max_age);
  for (const std::string* text : {&cors->headers_, &cors->methods_, &cors->expose_}) {
    if (!http::is_field_value(*text)) error = fmt::format("{} cannot be sent in a header", *text);
  }
  for (const std::string& origin : cors->origins_) {
    if (!http::is_field_value(origin)) error = fmt::format("the origin {} cannot be sent in a header", origin);
  }
  if (!error.empty()) return nullptr;
  return cors;
}

std::optional<std::string_view> Cors::allowed_origin(std::string_view origin) const {
  if (any_origin_) {
    // With credentials the wildcard would be refused by the browser, so the origin is named.
    if (!credentials_) return "*";
    if (!origin.empty()) return origin;
    return std::nullopt;
  }
  if (origin.empty()) return std::nullopt;
  for (const std::string& allowed : origins_) {
    if (allowed == origin) return origin;
  }
  for (const std::shared_ptr<const Regexp>& allowed : origin_regexps_) {
    if (allowed->matches(origin)) return origin;
  }
  return std::nullopt;
}

std::optional<http::Response> Cors::preflight(http::Request& request) const {
  if (request.method != http::Method::options) return std::nullopt;
  std::optional<std::string_view> origin = request.fields.get(http::FieldId::origin);
  std::optional<std::string_view> method = request.fields.get("Access-Control-Request-Method");
  if (!origin || origin->empty() || !method || method->empty()) return std::nullopt;
  http::Response response(request.arena);
  if (credentials_) response.fields.add("Access-Control-Allow-Credentials", "true");
  std::string_view headers = headers_;
  if (any_header_) headers = request.fields.get("Access-Control-Request-Headers").value_or("");
  if (!headers.empty()) response.fields.add("Access-Control-Allow-Headers", headers);
  std::string_view methods = any_method_ ? *method : std::string_view(methods_);
  if (!methods.empty()) response.fields.add("Access-Control-Allow-Methods", methods);
  if (std::optional<std::string_view> allowed = allowed_origin(*origin)) {
    response.fields.add("Access-Control-Allow-Origin", *allowed);
  }
  if (!max_age_.empty()) response.fields.add("Access-Control-Max-Age", max_age_);
  if (!expose_.empty()) response.fields.add("Access-Control-Expose-Headers", expose_);
  if (vary_) add_vary_origin(response);
  return response;
}

void Cors::apply(const http::Request& request, http::Response& response) const {
  std::string_view origin = request.fields.get(http::FieldId::origin).value_or("");
  if (std::optional<std::string_view> allowed = allowed_origin(origin)) {
    response.fields.set("Access-Control-Allow-Origin", *allowed);
  }
  if (credentials_) response.fields.set("Access-Control-Allow-Credentials", "true");
  if (!expose_.empty()) response.fields.set("Access-Control-Expose-Headers", expose_);
  if (vary_) add_vary_origin(response);
}

}  // namespace sluice::middleware
