// middleware_kind.h: how the program hands concrete middlewares to the builder, which knows none of them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/dynamic.h"
#include "control/registry.h"
#include "proxy/handler.h"

namespace sluice::control {

struct MadeMiddleware {
  std::shared_ptr<const proxy::Middleware> middleware;
  std::string error;  // why there is none: what is wrong with the settings and what to write instead
};

struct MiddlewareKind {
  std::string_view name;  // of the option, "redirectScheme"
  // Whether the definition is of this kind.
  bool (*present)(const config::Middleware& settings);
  // `name` is the qualified name, which keys state in the registry.
  MadeMiddleware (*make)(const config::Middleware& settings, const std::string& name, Registry& registry);
};

using MiddlewareKinds = std::span<const MiddlewareKind>;

}  // namespace sluice::control
