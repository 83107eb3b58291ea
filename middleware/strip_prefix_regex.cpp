#include "middleware/strip_prefix_regex.h"

#include <fmt/format.h>

#include "middleware/answers.h"
#include "middleware/path_rewriting.h"

namespace sluice::middleware {

control::MadeMiddleware StripPrefixRegex::make(const config::StripPrefixRegex& settings) {
  if (settings.regex.empty()) {
    return control::MadeMiddleware::refused("stripPrefixRegex needs a regex, for example /api/v[0-9]+");
  }
  std::vector<std::shared_ptr<const Regexp>> expressions;
  for (const std::string& text : settings.regex) {
    std::string error;
    expressions.push_back(Regexp::compile(text, error));
    if (expressions.back() == nullptr) {
      return control::MadeMiddleware::refused(fmt::format("the regex {} cannot be used: {}", text, error));
    }
  }
  return control::MadeMiddleware::of(std::make_shared<StripPrefixRegex>(std::move(expressions)));
}

Task<Result<http::Response>> StripPrefixRegex::handle(http::Request& request, const proxy::Handler& next) const {
  for (const std::shared_ptr<const Regexp>& expression : expressions_) {
    std::string_view path = request.target.match_path;
    std::optional<std::string_view> found = expression->find(path);
    if (!found || found->empty() || !path.starts_with(*found)) continue;
    if (std::uint16_t refused = strip_prefix(request, *found)) return answer(request, refused);
    break;
  }
  return next.handle(request);
}

const control::MiddlewareKind StripPrefixRegex::kKind = {
    "stripPrefixRegex", [](const config::Middleware& settings) { return settings.strip_prefix_regex.has_value(); },
    [](const control::MiddlewareParts& parts) { return StripPrefixRegex::make(*parts.settings.strip_prefix_regex); }};

}  // namespace sluice::middleware
