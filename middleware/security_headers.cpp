#include "middleware/security_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/text.h"
#include "http/chars.h"

namespace sluice::middleware {
namespace {

constexpr std::string_view kNonce = "$NONCE";
constexpr std::size_t kNonceBytes = 16;

}  // namespace

bool SecurityHeaders::add(FieldEdits& to, std::string_view name, std::string_view value, std::string& error) const {
  if (value.empty() || to.set(name, value)) return true;
  error = fmt::format("the value for {} cannot be sent in a header", name);
  return false;
}

bool SecurityHeaders::add_policy(std::string_view name, const std::string& value, std::string& error) {
  if (value.find(kNonce) == std::string::npos) return add(always_, name, value, error);
  if (!http::is_field_value(value)) return add(always_, name, value, error);
  Policy policy{name, {}};
  std::string_view rest = value;
  for (;;) {
    std::size_t at = rest.find(kNonce);
    policy.pieces.emplace_back(rest.substr(0, at));
    if (at == std::string_view::npos) break;
    rest.remove_prefix(at + kNonce.size());
  }
  policies_.push_back(std::move(policy));
  return true;
}

std::unique_ptr<const SecurityHeaders> SecurityHeaders::make(const config::Headers& settings, std::string& error) {
  std::unique_ptr<SecurityHeaders> made(new SecurityHeaders);
  bool production = !settings.is_development;
  if (production) made->hosts_ = settings.allowed_hosts;
  made->host_fields_ = settings.hosts_proxy_headers;
  made->tls_fields_.assign(settings.ssl_proxy_headers.begin(), settings.ssl_proxy_headers.end());
  bool good = true;
  if (settings.sts_seconds < 0) {
    error = "stsSeconds is negative";
    return nullptr;
  }
  if (settings.sts_seconds > 0 && production) {
    std::string value = fmt::format("max-age={}{}{}", settings.sts_seconds,
                                    settings.sts_include_subdomains ? "; includeSubDomains" : "",
                                    settings.sts_preload ? "; preload" : "");
    FieldEdits& where = settings.force_sts_header ? made->always_ : made->over_tls_;
    good = made->add(where, "Strict-Transport-Security", value, error) && good;
  }
  std::string_view frame = settings.custom_frame_options_value;
  if (frame.empty() && settings.frame_deny) frame = "DENY";
  std::string_view xss = settings.custom_browser_xss_value;
  if (xss.empty() && settings.browser_xss_filter) xss = "1; mode=block";
  good = made->add(made->always_, "X-Frame-Options", frame, error) && good;
  good =
      made->add(made->always_, "X-Content-Type-Options", settings.content_type_nosniff ? "nosniff" : "", error) && good;
  good = made->add(made->always_, "X-XSS-Protection", xss, error) && good;
  if (production) good = made->add(made->over_tls_, "Public-Key-Pins", settings.public_key, error) && good;
  good = made->add_policy("Content-Security-Policy", settings.content_security_policy, error) && good;
  good = made->add_policy("Content-Security-Policy-Report-Only", settings.content_security_policy_report_only, error) &&
         good;
  good = made->add(made->always_, "Referrer-Policy", settings.referrer_policy, error) && good;
  good = made->add(made->always_, "Permissions-Policy", settings.permissions_policy, error) && good;
  if (!good) return nullptr;
  return made;
}

bool SecurityHeaders::host_allowed(const http::Request& request) const {
  if (hosts_.empty()) return true;
  std::string_view host = request.authority;
  for (const std::string& field : host_fields_) {
    std::optional<std::string_view> value = request.fields.get(field);
    if (value && !value->empty()) {
      host = *value;
      break;
    }
  }
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& allowed) { return iequals(allowed, host); });
}

bool SecurityHeaders::over_tls(const http::Request& request) const {
  if (request.peer.tls) return true;
  return std::any_of(tls_fields_.begin(), tls_fields_.end(), [&](const auto& field) {
    return request.fields.get(field.first) == std::string_view(field.second);
  });
}

void SecurityHeaders::apply(const http::Request& request, http::Response& response) const {
  always_.apply(response.fields);
  if (!over_tls_.empty() && over_tls(request)) over_tls_.apply(response.fields);
  if (policies_.empty()) return;
  std::array<char, kNonceBytes> random;
  random_bytes(random);
  std::string_view nonce = request.arena.copy(base64_encode({random.data(), random.size()}));
  for (const Policy& policy : policies_) {
    std::size_t count = policy.pieces.size() * 2 - 1;
    auto* pieces = request.arena.array<std::string_view>(count);
    for (std::size_t i = 0; i < count; ++i) pieces[i] = i % 2 == 0 ? std::string_view(policy.pieces[i / 2]) : nonce;
    response.fields.set(policy.name, request.arena.join({pieces, count}));
  }
}

}  // namespace sluice::middleware
