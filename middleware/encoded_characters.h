// encoded_characters.h: the encodedCharacters middleware: refuses paths with escapes that servers like to read in
// different ways, unless an option allows them. Immutable and shared by all workers.
#pragma once

#include "control/middleware_kind.h"
#include "http/target.h"

namespace sluice::middleware {

class EncodedCharacters final : public proxy::Middleware {
 public:
  explicit EncodedCharacters(const config::EncodedCharacters& settings);

  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  http::EncodedCharacters allowed_;
};

}  // namespace sluice::middleware
