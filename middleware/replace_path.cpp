#include "middleware/replace_path.h"

#include "http/target.h"
#include "middleware/path_rewriting.h"

namespace sluice::middleware {

control::MadeMiddleware ReplacePath::make(const config::ReplacePath& settings) {
  if (settings.path.empty()) return control::MadeMiddleware::refused("replacePath needs a path, for example /app");
  std::optional<std::string> path = path_option(settings.path);
  if (!path) return control::MadeMiddleware::refused("the path of replacePath is not a path");
  return control::MadeMiddleware::of(std::make_shared<ReplacePath>(std::move(*path)));
}

ReplacePath::ReplacePath(std::string path) : path_(std::move(path)) {
  Arena arena;
  match_path_ = http::match_form(path_, arena);
}

Task<Result<http::Response>> ReplacePath::handle(http::Request& request, const proxy::Handler& next) const {
  note_replaced_path(request);
  request.target.path = path_;
  request.target.match_path = match_path_;
  return next.handle(request);
}

const control::MiddlewareKind ReplacePath::kKind = {
    "replacePath", [](const config::Middleware& settings) { return settings.replace_path.has_value(); },
    [](const control::MiddlewareParts& parts) { return ReplacePath::make(*parts.settings.replace_path); }};

}  // namespace sluice::middleware
