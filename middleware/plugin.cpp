#include "middleware/plugin.h"

#include <fmt/format.h>

namespace sluice::middleware {

const control::MiddlewareKind kPluginKind = {
    "plugin", [](const config::Middleware& settings) { return !settings.plugin.empty(); },
    [](const control::MiddlewareParts& parts) {
      return control::MadeMiddleware::refused(
          fmt::format("the plugin {} cannot be run: plugins are Go programs. Use a middleware of Sluice that does the "
                      "same, or forwardAuth with a small service of your own that decides about each request",
                      parts.settings.plugin.begin()->first));
    }};

}  // namespace sluice::middleware
