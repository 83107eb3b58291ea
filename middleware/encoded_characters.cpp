#include "middleware/encoded_characters.h"

#include "middleware/answers.h"

namespace sluice::middleware {

EncodedCharacters::EncodedCharacters(const config::EncodedCharacters& settings)
    : allowed_{
          settings.allow_encoded_slash,     settings.allow_encoded_back_slash, settings.allow_encoded_null_character,
          settings.allow_encoded_semicolon, settings.allow_encoded_percent,    settings.allow_encoded_question_mark,
          settings.allow_encoded_hash} {}

Task<Result<http::Response>> EncodedCharacters::handle(http::Request& request, const proxy::Handler& next) const {
  if (!http::allowed(request.target.path, allowed_)) return answer(request, 400);
  return next.handle(request);
}

const control::MiddlewareKind EncodedCharacters::kKind = {
    "encodedCharacters", [](const config::Middleware& settings) { return settings.encoded_characters.has_value(); },
    [](const control::MiddlewareParts& parts) {
      return control::MadeMiddleware::of(std::make_shared<EncodedCharacters>(*parts.settings.encoded_characters));
    }};

}  // namespace sluice::middleware
