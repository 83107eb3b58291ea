// middleware_kind.h: how the program hands concrete middlewares to the builder, which knows none of them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/dynamic.h"
#include "control/registry.h"
#include "control/tls_builder.h"
#include "proxy/endpoint.h"
#include "proxy/handler.h"
#include "proxy/tcp_handler.h"

namespace sluice::control {

struct MadeMiddleware {
  std::shared_ptr<const proxy::Middleware> middleware;
  std::string error;  // why there is none: what is wrong with the settings and what to write instead
  // Servers the middleware asks itself. Connections to them are kept as long as a snapshot has the middleware.
  std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints = {};

  static MadeMiddleware of(std::shared_ptr<const proxy::Middleware> middleware) { return {std::move(middleware), {}}; }
  static MadeMiddleware refused(std::string error) { return {nullptr, std::move(error)}; }
};

// What a middleware is made of.
struct MiddlewareParts {
  const config::Middleware& settings;
  const std::string& name;  // qualified; keys state in the registry
  Registry& registry;
  unsigned workers = 1;                                // that will share it
  std::shared_ptr<const proxy::Handler> service = {};  // the one that MiddlewareKind::service names
  std::shared_ptr<const tls::ClientContext> tls = {};  // of what MiddlewareKind::tls says
};

struct MiddlewareKind {
  std::string_view name;  // of the option, "redirectScheme"
  // Whether the definition is of this kind.
  bool (*present)(const config::Middleware& settings);
  MadeMiddleware (*make)(const MiddlewareParts& parts);
  // The service it sends requests to itself; null for kinds that have none. Without that service it is not made.
  std::string_view (*service)(const config::Middleware& settings) = nullptr;
  // TLS towards the server it asks; null for kinds that ask none. Nothing: not over TLS. Without a context for it the
  // middleware is not made.
  std::optional<ClientTlsSettings> (*tls)(const config::Middleware& settings) = nullptr;
};

struct MadeTcpMiddleware {
  std::shared_ptr<const proxy::TcpMiddleware> middleware;
  std::string error;  // as MadeMiddleware's
};

struct TcpMiddlewareKind {
  std::string_view name;  // of the option, "inFlightConn"
  bool (*present)(const config::TcpMiddleware& settings);
  // `name` is qualified; it keys state in the registry.
  MadeTcpMiddleware (*make)(const config::TcpMiddleware& settings, const std::string& name, Registry& registry);
};

// Lent for the life of the program.
struct MiddlewareKinds {
  std::span<const MiddlewareKind> http;
  std::span<const TcpMiddlewareKind> tcp;
};

}  // namespace sluice::control
