#include "middleware/digest_auth.h"

#include <fmt/format.h>

#include "async/loop.h"
#include "base/encoding.h"
#include "base/text.h"
#include "http/chars.h"
#include "middleware/auth_challenge.h"
#include "middleware/own_fields.h"
#include "observe/log.h"
#include "tls/digest.h"

namespace sluice::middleware {
namespace {

std::string md5_text(const std::string& text) { return hex_encode(tls::md5(text)); }

// The origin-form of a uri parameter, which may be an absolute one.
std::string_view origin_form(std::string_view uri) {
  std::size_t scheme = uri.find("://");
  if (uri.starts_with('/') || scheme == std::string_view::npos) return uri;
  std::size_t slash = uri.find('/', scheme + 3);
  return slash == std::string_view::npos ? std::string_view("/") : uri.substr(slash);
}

}  // namespace

control::MadeMiddleware DigestAuth::make(const config::DigestAuth& settings, const std::string& name, unsigned workers,
                                         control::Registry& registry) {
  using control::MadeMiddleware;
  if (!http::is_field_value(settings.realm)) return MadeMiddleware::refused("the realm has control characters");
  if (!settings.header_field.empty() && !http::is_token(settings.header_field)) {
    return MadeMiddleware::refused("the headerField is not the name of a header");
  }
  std::string error;
  std::unique_ptr<UserSource> users =
      UserSource::make(UserList::Kind::digest, settings.users, settings.users_file, workers, error);
  if (users == nullptr) return MadeMiddleware::refused(std::move(error));
  auto nonces = registry.get<DigestNonces>("digestAuth " + name, [] { return std::make_shared<DigestNonces>(); });
  return MadeMiddleware::of(std::make_shared<DigestAuth>(std::move(users), std::move(nonces), settings));
}

DigestAuth::DigestAuth(std::unique_ptr<UserSource> users, std::shared_ptr<DigestNonces> nonces,
                       const config::DigestAuth& settings)
    : users_(std::move(users)),
      nonces_(std::move(nonces)),
      realm_(realm_of(settings.realm)),
      header_field_(settings.header_field),
      remove_header_(settings.remove_header) {}

bool DigestAuth::proves(const DigestCredentials& credentials, const http::Request& request,
                        const UserList& users) const {
  if (credentials.realm != realm_ || credentials.qop != "auth" || credentials.opaque != nonces_->opaque()) return false;
  if (!credentials.algorithm.empty() && !iequals(credentials.algorithm, "MD5")) return false;
  // RFC 7616 §3.4.6: the digest must be about this request.
  if (origin_form(credentials.uri) != request.target.raw) return false;
  const std::string* known = users.find(fmt::format("{}:{}", credentials.username, realm_));
  const std::string& ha1 = known != nullptr ? *known : users.any();
  std::string ha2 = md5_text(fmt::format("{}:{}", request.method_text, credentials.uri));
  std::string expected = md5_text(fmt::format("{}:{}:{}:{}:{}:{}", lowered(ha1), credentials.nonce, credentials.nc,
                                              credentials.cnonce, credentials.qop, ha2));
  return tls::same_secret(expected, lowered(credentials.response)) && known != nullptr;
}

Task<Result<http::Response>> DigestAuth::handle(http::Request& request, const proxy::Handler& next) const {
  std::optional<DigestCredentials> credentials;
  if (request.fields.count(http::FieldId::authorization) == 1) {
    credentials = parse_digest(*request.fields.get(http::FieldId::authorization));
  }
  if (!credentials) co_return challenge(request, false);
  request.user = request.arena.copy(credentials->username);
  std::shared_ptr<const UserList> users = co_await users_->current();
  if (!proves(*credentials, request, *users)) {
    log::debug("digestAuth refused the credentials", {{log::field::kRouter, request.router}});
    co_return challenge(request, false);
  }
  // Good but for an old nonce: the client knows the password and need not ask for it again.
  if (!nonces_->use(credentials->nonce, credentials->count, Loop::current().now())) co_return challenge(request, true);
  if (!header_field_.empty()) set_own_field(request.fields, header_field_, request.user);
  if (remove_header_) request.fields.remove(http::FieldId::authorization);
  Result<http::Response> response = co_await next.handle(request);
  co_return response;
}

http::Response DigestAuth::challenge(http::Request& request, bool stale) const {
  std::string text =
      fmt::format(R"(Digest realm={}, nonce="{}", opaque="{}", algorithm=MD5, qop="auth"{})", quoted_string(realm_),
                  nonces_->make(Loop::current().now()), nonces_->opaque(), stale ? ", stale=true" : "");
  return unauthorized(request, request.arena.copy(text));
}

const control::MiddlewareKind DigestAuth::kKind = {
    "digestAuth", [](const config::Middleware& settings) { return settings.digest_auth.has_value(); },
    [](const control::MiddlewareParts& parts) {
      return make(*parts.settings.digest_auth, parts.name, parts.workers, parts.registry);
    }};

}  // namespace sluice::middleware
