#include "middleware/strip_prefix.h"

#include <fmt/format.h>

#include "http/target.h"
#include "middleware/answers.h"
#include "middleware/path_rewriting.h"

namespace sluice::middleware {

control::MadeMiddleware StripPrefix::make(const config::StripPrefix& settings) {
  if (settings.prefixes.empty()) {
    return control::MadeMiddleware::refused("stripPrefix needs prefixes, for example /api");
  }
  std::vector<std::string> prefixes;
  for (const std::string& text : settings.prefixes) {
    std::optional<std::string> prefix = path_option(text);
    if (!prefix) return control::MadeMiddleware::refused(fmt::format("{} is not the beginning of a path", text));
    Arena arena;
    prefixes.emplace_back(http::match_form(*prefix, arena));
  }
  return control::MadeMiddleware::of(std::make_shared<StripPrefix>(std::move(prefixes)));
}

Task<Result<http::Response>> StripPrefix::handle(http::Request& request, const proxy::Handler& next) const {
  for (const std::string& prefix : prefixes_) {
    if (!request.target.match_path.starts_with(prefix)) continue;
    if (std::uint16_t refused = strip_prefix(request, prefix)) return answer(request, refused);
    break;
  }
  return next.handle(request);
}

const control::MiddlewareKind StripPrefix::kKind = {
    "stripPrefix", [](const config::Middleware& settings) { return settings.strip_prefix.has_value(); },
    [](const control::MiddlewareParts& parts) { return StripPrefix::make(*parts.settings.strip_prefix); }};

}  // namespace sluice::middleware
