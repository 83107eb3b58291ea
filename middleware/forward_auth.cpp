#include "middleware/forward_auth.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/chars.h"
#include "middleware/answers.h"
#include "middleware/own_fields.h"
#include "middleware/redirecting.h"
#include "proxy/error_log.h"
#include "proxy/keep_for_exchange.h"

namespace sluice::middleware {
namespace {

// So much of an answer that lets the request pass is read to keep the connection.
constexpr std::uint64_t kTakenIn = 64 * 1024;

proxy::TransportSettings transport() {
  proxy::TransportSettings settings;
  settings.dial_timeout = 30s;
  settings.response_header_timeout = 30s;
  return settings;
}

std::string_view cookie_name(std::string_view set_cookie) {
  return http::trim_blanks(set_cookie.substr(0, set_cookie.find_first_of("=;")));
}

// What describes the answer's own content and connection says nothing about the request.
bool is_about_message(const http::Field& field) {
  return field.id == http::FieldId::content_length || field.id == http::FieldId::transfer_encoding ||
         field.id == http::FieldId::host || field.id == http::FieldId::connection;
}

}  // namespace

std::optional<control::ClientTlsSettings> ForwardAuth::tls_of(const config::ForwardAuth& settings) {
  Result<proxy::ServerUrl> url = proxy::ServerUrl::parse(settings.address);
  if (!url || url->scheme != proxy::ServerUrl::Scheme::https) return std::nullopt;
  control::ClientTlsSettings tls;
  tls.server_name = url->host;  // also of an address, for which another endpoint would take the request's host
  tls.alpn = {"http/1.1"};
  if (!settings.tls) return tls;
  tls.insecure_skip_verify = settings.tls->insecure_skip_verify;
  if (!settings.tls->ca.empty()) tls.root_cas = {settings.tls->ca};
  if (!settings.tls->cert.empty() || !settings.tls->key.empty()) {
    config::CertificateFiles& own = tls.certificates.emplace_back();
    own.cert_file = settings.tls->cert;
    own.key_file = settings.tls->key;
  }
  return tls;
}

control::MadeMiddleware ForwardAuth::make(const config::ForwardAuth& settings, control::Registry& registry,
                                          std::shared_ptr<const tls::ClientContext> tls) {
  using control::MadeMiddleware;
  if (settings.address.empty()) return MadeMiddleware::refused("forwardAuth needs an address");
  Result<proxy::ServerUrl> url = proxy::ServerUrl::parse(settings.address);
  if (!url) return MadeMiddleware::refused(fmt::format("the address {}: {}", settings.address, url.error().text));
  if (url->scheme == proxy::ServerUrl::Scheme::h2c) {
    return MadeMiddleware::refused(fmt::format("the address {}: write it as http:// or https://", settings.address));
  }
  if (url->scheme == proxy::ServerUrl::Scheme::https && tls == nullptr) {
    return MadeMiddleware::refused("its address is https, and there is nothing to verify its certificate with");
  }
  for (const std::string& name : settings.auth_response_headers) {
    if (!http::is_token(name)) return MadeMiddleware::refused(fmt::format("{} is not the name of a header", name));
  }
  if (!settings.header_field.empty() && !http::is_token(settings.header_field)) {
    return MadeMiddleware::refused("the headerField is not the name of a header");
  }
  if (!http::is_field_value(settings.auth_signin_url)) {
    return MadeMiddleware::refused("the authSigninURL is not a URL");
  }
  std::shared_ptr<const Regexp> response_fields;
  if (!settings.auth_response_headers_regex.empty()) {
    std::string error;
    response_fields = Regexp::compile(settings.auth_response_headers_regex, error);
    if (response_fields == nullptr) {
      return MadeMiddleware::refused(fmt::format("the authResponseHeadersRegex cannot be used: {}", error));
    }
  }
  proxy::TransportSettings how = transport();
  how.tls = std::move(tls);
  auto server = registry.get<const proxy::Endpoint>(proxy::Endpoint::key(settings.address, how), [&] {
    return std::make_shared<const proxy::Endpoint>(*url, how, settings.address);
  });
  MadeMiddleware made = MadeMiddleware::of(std::make_shared<ForwardAuth>(settings, server, std::move(response_fields)));
  made.endpoints.push_back(std::move(server));
  return made;
}

Task<Result<bool>> ForwardAuth::keep_content(http::Request& request, Ref<proxy::ContentStore>& content) const {
  content = Ref<proxy::ContentStore>(new proxy::ContentStore);
  Scope* scope = co_await current_scope();
  proxy::keep_for_exchange(*scope, content);
  std::int64_t limit = settings_.max_body_size;
  Result<bool> complete = co_await content->fill(
      *request.body, limit < 0 ? proxy::ContentStore::kNoLimit : static_cast<std::uint64_t>(limit));
  co_return complete;
}

Task<Result<bool>> ForwardAuth::take_in(http::Response& answer) const {
  std::int64_t limit = settings_.max_response_body_size;
  if (answer.body == nullptr) co_return true;
  if (limit >= 0 || answer.body->remaining().value_or(0) <= kTakenIn) {
    Ref<proxy::ContentStore> content(new proxy::ContentStore);
    Result<bool> complete =
        co_await content->fill(*answer.body, limit >= 0 ? static_cast<std::uint64_t>(limit) : kTakenIn);
    if (!complete) co_return complete.error();
    if (!*complete && limit >= 0) co_return false;
    if (*complete) {
      answer.body = proxy::ContentStore::as_response_body(std::move(content), std::move(answer.body));
      co_return true;
    }
  }
  answer.body.reset();
  co_return true;
}

void ForwardAuth::adopt_fields(const http::Response& answer, http::Request& request) const {
  for (const std::string& name : settings_.auth_response_headers) remove_own_field(request.fields, name);
  if (response_fields_ != nullptr) {
    request.fields.remove_if([&](const http::Field& field) {
      if (is_about_message(field)) return false;
      if (response_fields_->matches(field.name)) return true;
      if (field.name.find('_') == std::string_view::npos) return false;
      std::string alias(field.name);
      std::replace(alias.begin(), alias.end(), '_', '-');
      return response_fields_->matches(alias);
    });
  }
  for (const http::Field& field : answer.fields) {
    if (is_about_message(field)) continue;
    bool listed = std::any_of(settings_.auth_response_headers.begin(), settings_.auth_response_headers.end(),
                              [&](const std::string& name) { return iequals(name, field.name); });
    if (listed || (response_fields_ != nullptr && response_fields_->matches(field.name))) request.fields.add(field);
  }
}

void ForwardAuth::pass_cookies(const http::Response& answer, http::Response& response) const {
  auto is_listed = [&](std::string_view name) {
    const std::vector<std::string>& names = settings_.add_auth_cookies_to_response;
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const http::Field& field : answer.fields) {
    if (field.id != http::FieldId::set_cookie || !is_listed(cookie_name(field.value))) continue;
    std::string_view name = cookie_name(field.value);
    response.fields.remove_if([&](const http::Field& other) {
      return other.id == http::FieldId::set_cookie && cookie_name(other.value) == name;
    });
  }
  for (const http::Field& field : answer.fields) {
    if (field.id == http::FieldId::set_cookie && is_listed(cookie_name(field.value))) response.fields.add(field);
  }
}

void ForwardAuth::complete_location(http::Response& answer) const {
  if (settings_.preserve_location_header) return;
  std::optional<std::string_view> location = answer.fields.get(http::FieldId::location);
  if (!location || location->empty()) return;
  answer.fields.set(http::FieldId::location, question_.absolute(*location, answer.fields.arena()));
}

Task<Result<http::Response>> ForwardAuth::handle(http::Request& request, const proxy::Handler& next) const {
  http::Request& question = question_.about(request);
  if (settings_.forward_body && request.body != nullptr) {
    http::Body& body = *request.body;
    Ref<proxy::ContentStore> content;
    Result<bool> complete = co_await keep_content(request, content);
    if (!complete) co_return complete.error();
    if (!*complete) co_return plain_response(request, 401);
    question.body = content->new_request_body(request.arena, body, true);
    request.body = content->new_request_body(request.arena, body, true);
  }
  proxy::Destination server{server_.get(), false, false};
  Result<http::Response> answer = co_await proxy::forward(question, server);
  if (answer) {
    bool allows = answer->status >= 200 && answer->status < 300;
    if (allows || settings_.max_response_body_size >= 0) {
      Result<bool> taken = co_await take_in(*answer);
      if (!taken) {
        answer = taken.error();
      } else if (!*taken) {
        co_return plain_response(request, 401);
      }
    }
  }
  if (!answer) {
    if (answer.error().origin == Origin::client || answer.error().code == Code::cancelled) co_return answer;
    // Who cannot be asked lets nobody pass.
    proxy::log_failure(question, 500, answer.error());
    http::Response failed(request.arena);
    failed.status = 500;
    co_return failed;
  }
  if (answer->status < 200 || answer->status >= 300) {
    if (answer->status == 401 && !settings_.auth_signin_url.empty()) {
      http::Response sign_in = plain_response(request, 302);
      sign_in.fields.add(http::FieldId::location, settings_.auth_signin_url);
      co_return sign_in;
    }
    complete_location(*answer);
    co_return answer;
  }
  answer->body.reset();
  if (!settings_.header_field.empty()) request.user = answer->fields.get(settings_.header_field).value_or(request.user);
  adopt_fields(*answer, request);
  Result<http::Response> response = co_await next.handle(request);
  if (response && !settings_.add_auth_cookies_to_response.empty()) pass_cookies(*answer, *response);
  co_return response;
}

const control::MiddlewareKind ForwardAuth::kKind = {
    "forwardAuth", [](const config::Middleware& settings) { return settings.forward_auth.has_value(); },
    [](const control::MiddlewareParts& parts) { return make(*parts.settings.forward_auth, parts.registry, parts.tls); },
    nullptr, [](const config::Middleware& settings) { return tls_of(*settings.forward_auth); }};

}  // namespace sluice::middleware
