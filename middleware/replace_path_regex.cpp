#include "middleware/replace_path_regex.h"

#include <fmt/format.h>

#include "base/text.h"
#include "middleware/answers.h"
#include "middleware/path_rewriting.h"

namespace sluice::middleware {

control::MadeMiddleware ReplacePathRegex::make(const config::ReplacePathRegex& settings) {
  if (trim(settings.regex).empty()) return control::MadeMiddleware::refused("replacePathRegex needs a regex");
  std::string error;
  std::shared_ptr<const Regexp> regexp = Regexp::compile(settings.regex, error);
  if (regexp == nullptr) {
    return control::MadeMiddleware::refused(fmt::format("the regex {} cannot be used: {}", settings.regex, error));
  }
  return control::MadeMiddleware::of(std::make_shared<ReplacePathRegex>(std::move(regexp), trim(settings.replacement)));
}

Task<Result<http::Response>> ReplacePathRegex::handle(http::Request& request, const proxy::Handler& next) const {
  if (!regexp_->matches(request.target.path)) return next.handle(request);
  std::string_view replaced = regexp_->replace_all(request.target.path, replacement_, request.arena);
  note_replaced_path(request);
  if (std::uint16_t refused = rewrite_path(request, replaced)) return answer(request, refused);
  return next.handle(request);
}

const control::MiddlewareKind ReplacePathRegex::kKind = {
    "replacePathRegex", [](const config::Middleware& settings) { return settings.replace_path_regex.has_value(); },
    [](const control::MiddlewareParts& parts) { return ReplacePathRegex::make(*parts.settings.replace_path_regex); }};

}  // namespace sluice::middleware
