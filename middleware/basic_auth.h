// basic_auth.h: the basicAuth middleware: user names and passwords (RFC 7617).
//
// Hashes that are slow on purpose are computed on the thread pool, one at a time for each worker, so that a flood of
// guesses delays only other guesses. Credentials that were good are remembered, as a digest under a key that is made at
// the start: so a user pays for the hash once, and no password stays in memory. What is remembered includes the hash,
// so it is worth nothing once that changes.
//
// Shared by all workers; what changes is kept for each by itself.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "async/signal.h"
#include "control/middleware_kind.h"
#include "middleware/user_list.h"

namespace sluice::middleware {

class BasicAuth final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::BasicAuth& settings, unsigned workers);
  BasicAuth(std::unique_ptr<UserSource> users, const config::BasicAuth& settings, unsigned workers);

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  using Digest = std::array<char, 32>;
  struct alignas(64) PerWorker {
    std::vector<Digest> verified;  // each credential has one place; another one that falls on it takes it
    bool hashing = false;
    Signal hashed;
  };

  Task<Result<bool>> verify(const std::string& user, const std::string& password, const std::string* hash,
                            const std::string& stand_in) const;
  Digest digest_of(std::string_view user, std::string_view password, std::string_view hash) const;
  http::Response challenge(http::Request& request) const;

  std::unique_ptr<UserSource> users_;
  std::string challenge_;     // the value of WWW-Authenticate
  std::string header_field_;  // empty: none
  bool remove_header_;
  std::string key_;
  std::unique_ptr<PerWorker[]> workers_;
};

}  // namespace sluice::middleware
