// forward_auth.h: the forwardAuth middleware: another server decides about each request. It is asked with the request's
// head (and content, if wanted); 2xx lets the request pass, any other answer goes to the client.
//
// Immutable and shared by all workers. Connections to the authentication server are pooled by each worker as those to
// any server.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/middleware_kind.h"
#include "middleware/auth_question.h"
#include "middleware/regexp.h"
#include "proxy/content_store.h"
#include "proxy/forward.h"

namespace sluice::middleware {

class ForwardAuth final : public proxy::Middleware {
 public:
  // `tls` is what an https address is spoken to with.
  static control::MadeMiddleware make(const config::ForwardAuth& settings, control::Registry& registry,
                                      std::shared_ptr<const tls::ClientContext> tls = nullptr);
  // Nothing for an address without TLS.
  static std::optional<control::ClientTlsSettings> tls_of(const config::ForwardAuth& settings);
  ForwardAuth(const config::ForwardAuth& settings, std::shared_ptr<const proxy::Endpoint> server,
              std::shared_ptr<const Regexp> response_fields)
      : settings_(settings),
        server_(std::move(server)),
        question_(settings_, server_->url()),
        response_fields_(std::move(response_fields)) {}

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  // The content of the request, kept to be sent twice; nothing when it is too large.
  Task<Result<bool>> keep_content(http::Request& request, Ref<proxy::ContentStore>& content) const;
  // Reads an answer whose content nobody gets, so that the connection can be used again. False: it is too large.
  Task<Result<bool>> take_in(http::Response& answer) const;
  void adopt_fields(const http::Response& answer, http::Request& request) const;
  void pass_cookies(const http::Response& answer, http::Response& response) const;
  void complete_location(http::Response& answer) const;

  config::ForwardAuth settings_;
  std::shared_ptr<const proxy::Endpoint> server_;
  AuthQuestion question_;
  std::shared_ptr<const Regexp> response_fields_;  // null: none
};

}  // namespace sluice::middleware
