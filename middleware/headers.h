// headers.h: the headers middleware: fields of requests and responses set and removed, the CORS protocol, and the
// fields that tell browsers to be careful.
//
// On the way down: a preflight request is answered, then the request's fields are edited, then the host is checked. On
// the way up: security fields, then custom ones, then those of CORS; each replaces what the server said.
//
// Immutable and shared by all workers.
#pragma once

#include <memory>
#include <string>

#include "control/middleware_kind.h"
#include "middleware/cors.h"
#include "middleware/field_edits.h"
#include "middleware/security_headers.h"

namespace sluice::middleware {

class Headers final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::Headers& settings);

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  Task<Result<http::Response>> handle_both(http::Request& request, const proxy::Handler& next) const;

  FieldEdits request_;
  std::string host_;               // to send instead of the client's; empty: the client's
  bool no_forwarded_for_ = false;  // X-Forwarded-For is removed for good, ours included
  FieldEdits response_;
  std::unique_ptr<const Cors> cors_;  // null: off
  std::unique_ptr<const SecurityHeaders> security_;
};

}  // namespace sluice::middleware
