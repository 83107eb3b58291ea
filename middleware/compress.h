// compress.h: the compress middleware: responses are encoded as the client likes it best, while they pass.
//
// A response is left as it is when it is encoded already, small, partial, of a type that gains nothing or is excluded,
// or forbidden to change (no-transform). Immutable and shared by all workers.
#pragma once

#include <string>
#include <vector>

#include "control/middleware_kind.h"
#include "middleware/encoders.h"

namespace sluice::middleware {

class Compress final : public proxy::Middleware {
 public:
  static control::MadeMiddleware make(const config::Compress& settings);

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  // The best of our codings that the client accepts (RFC 9110 §12.5.3).
  std::optional<Coding> choose(const http::Request& request) const;
  // Whether the response is one that would be encoded for a client that accepts it.
  bool eligible(const http::Response& response) const;

  std::vector<Coding> codings_;  // the preferred one first
  std::optional<Coding> default_;
  std::uint64_t smallest_ = 1024;
  std::vector<std::string> excluded_;  // media types, lower case
  std::vector<std::string> included_;
};

}  // namespace sluice::middleware
