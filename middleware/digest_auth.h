// digest_auth.h: the digestAuth middleware: user names and passwords by the Digest scheme with MD5 and qop=auth, as
// htdigest's files have them (RFC 7616).
//
// Shared by all workers; the nonces are in the registry under the middleware's name.
#pragma once

#include <memory>
#include <string>

#include "control/middleware_kind.h"
#include "middleware/digest_credentials.h"
#include "middleware/digest_nonces.h"
#include "middleware/user_list.h"

namespace sluice::middleware {

class DigestAuth final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::DigestAuth& settings, const std::string& name, unsigned workers,
                                      control::Registry& registry);
  DigestAuth(std::unique_ptr<UserSource> users, std::shared_ptr<DigestNonces> nonces,
             const config::DigestAuth& settings);

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  // Whether the response was made with the user's password, for this request.
  bool proves(const DigestCredentials& credentials, const http::Request& request, const UserList& users) const;
  http::Response challenge(http::Request& request, bool stale) const;

  std::unique_ptr<UserSource> users_;
  std::shared_ptr<DigestNonces> nonces_;
  std::string realm_;
  std::string header_field_;  // empty: none
  bool remove_header_;
};

}  // namespace sluice::middleware
