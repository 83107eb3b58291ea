#include "middleware/basic_auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "async/offload.h"
#include "base/encoding.h"
#include "http/chars.h"
#include "middleware/answers.h"
#include "middleware/auth_challenge.h"
#include "middleware/basic_credentials.h"
#include "middleware/own_fields.h"
#include "middleware/password_hash.h"
#include "observe/log.h"
#include "proxy/worker_local.h"
#include "tls/digest.h"

namespace sluice::middleware {
namespace {

constexpr std::size_t kRemembered = 1024;  // credentials per worker, 32 KiB

}  // namespace

control::MadeMiddleware BasicAuth::make(const config::BasicAuth& settings, unsigned workers) {
  std::string error;
  if (!http::is_field_value(settings.realm))
    return control::MadeMiddleware::refused("the realm has control characters");
  if (!settings.header_field.empty() && !http::is_token(settings.header_field)) {
    return control::MadeMiddleware::refused("the headerField is not the name of a header");
  }
  std::unique_ptr<UserSource> users =
      UserSource::make(UserList::Kind::password, settings.users, settings.users_file, workers, error);
  if (users == nullptr) return control::MadeMiddleware::refused(std::move(error));
  return control::MadeMiddleware::of(std::make_shared<BasicAuth>(std::move(users), settings, workers));
}

BasicAuth::BasicAuth(std::unique_ptr<UserSource> users, const config::BasicAuth& settings, unsigned workers)
    : users_(std::move(users)),
      challenge_("Basic realm=" + quoted_string(realm_of(settings.realm))),
      header_field_(settings.header_field),
      remove_header_(settings.remove_header),
      key_(32, '\0'),
      workers_(std::make_unique<PerWorker[]>(workers)) {
  random_bytes(key_);
}

BasicAuth::Digest BasicAuth::digest_of(std::string_view user, std::string_view password, std::string_view hash) const {
  std::string text = key_;
  for (std::string_view piece : {user, password, hash}) {
    std::size_t size = piece.size();
    text.append(reinterpret_cast<const char*>(&size), sizeof size);
    text += piece;
  }
  std::string made = tls::sha256(text);
  Digest digest;
  std::memcpy(digest.data(), made.data(), digest.size());
  return digest;
}

Task<Result<bool>> BasicAuth::verify(const std::string& user, const std::string& password, const std::string* hash,
                                     const std::string& stand_in) const {
  const std::string& against = hash != nullptr ? *hash : stand_in;
  if (kind_of_hash(against) == HashKind::sha1) co_return password_matches(against, password) && hash != nullptr;
  PerWorker& worker = workers_[proxy::WorkerLocal::current().index()];
  Digest digest = digest_of(user, password, against);
  std::size_t place;
  std::memcpy(&place, digest.data(), sizeof place);
  place %= kRemembered;
  auto remembered = [&] { return !worker.verified.empty() && worker.verified[place] == digest; };
  if (remembered()) co_return hash != nullptr;
  while (worker.hashing) {
    Status waited = co_await worker.hashed.wait();
    if (!waited) co_return waited.error();
    if (remembered()) {
      worker.hashed.notify_one();
      co_return hash != nullptr;
    }
  }
  worker.hashing = true;
  auto call = offload([against, password] { return password_matches(against, password); });
  bool matches = co_await call;
  worker.hashing = false;
  worker.hashed.notify_one();
  // What an unknown user sent is not remembered, even if it happens to be the stand-in's password.
  if (matches && hash != nullptr) {
    if (worker.verified.empty()) worker.verified.resize(kRemembered);
    worker.verified[place] = digest;
  }
  co_return matches&& hash != nullptr;
}

Task<Result<http::Response>> BasicAuth::handle(http::Request& request, const proxy::Handler& next) const {
  // Two fields would let the server believe another one than the one that was checked.
  std::optional<BasicCredentials> credentials;
  if (request.fields.count(http::FieldId::authorization) == 1) {
    credentials = parse_basic(*request.fields.get(http::FieldId::authorization));
  }
  if (!credentials) co_return challenge(request);
  request.user = request.arena.copy(credentials->user);
  std::shared_ptr<const UserList> users = co_await users_->current();
  const std::string* hash = users->find(credentials->user);
  Result<bool> good = co_await verify(credentials->user, credentials->password, hash, users->any());
  if (!good) co_return good.error();
  if (!*good) {
    log::debug("basicAuth refused the credentials", {{log::field::kRouter, request.router}});
    co_return challenge(request);
  }
  if (!header_field_.empty()) set_own_field(request.fields, header_field_, request.user);
  if (remove_header_) request.fields.remove(http::FieldId::authorization);
  Result<http::Response> response = co_await next.handle(request);
  co_return response;
}

http::Response BasicAuth::challenge(http::Request& request) const { return unauthorized(request, challenge_); }

const control::MiddlewareKind BasicAuth::kKind = {
    "basicAuth", [](const config::Middleware& settings) { return settings.basic_auth.has_value(); },
    [](const control::MiddlewareParts& parts) { return make(*parts.settings.basic_auth, parts.workers); }};

}  // namespace sluice::middleware
