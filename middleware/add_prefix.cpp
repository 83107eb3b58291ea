#include "middleware/add_prefix.h"

#include <array>

#include "http/target.h"
#include "middleware/answers.h"
#include "middleware/path_rewriting.h"

namespace sluice::middleware {

control::MadeMiddleware AddPrefix::make(const config::AddPrefix& settings) {
  if (settings.prefix.empty()) return control::MadeMiddleware::refused("addPrefix needs a prefix, for example /api");
  std::optional<std::string> prefix = path_option(settings.prefix);
  if (!prefix) return control::MadeMiddleware::refused("the prefix of addPrefix is not the beginning of a path");
  return control::MadeMiddleware::of(std::make_shared<AddPrefix>(std::move(*prefix)));
}

Task<Result<http::Response>> AddPrefix::handle(http::Request& request, const proxy::Handler& next) const {
  std::array<std::string_view, 2> pieces = {prefix_, request.target.path};
  http::TargetOptions keep_segments;
  keep_segments.sanitize = false;
  http::Reason reason = http::replace_path(request.target, request.arena.join(pieces), keep_segments, request.arena);
  if (reason != http::Reason::none) return answer(request, 400);
  return next.handle(request);
}

const control::MiddlewareKind AddPrefix::kKind = {
    "addPrefix", [](const config::Middleware& settings) { return settings.add_prefix.has_value(); },
    [](const control::MiddlewareParts& parts) { return AddPrefix::make(*parts.settings.add_prefix); }};

}  // namespace sluice::middleware
