// tcp_middlewares.h: TCP middlewares of the configuration to objects, and lists of names to chains. What did not change
// is the same object from one build to the next. Control thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/merged.h"
#include "control/middleware_kind.h"

namespace sluice::control {

class TcpMiddlewares {
 public:
  TcpMiddlewares(std::span<const TcpMiddlewareKind> kinds, Registry& registry) : kinds_(kinds), registry_(registry) {}

  // Starts a build. `merged` and `report` must live until the next.
  void begin(const Merged& merged, config::Report& report);
  // Appends the middlewares of these names, in order. False when one does not exist or cannot be built, which has been
  // reported: then nobody may be let in without it.
  bool append(proxy::TcpChain& chain, const std::vector<std::string>& names, std::string_view provider,
              const config::Source& referrer, const std::string& effect);

 private:
  struct Built {
    config::TcpMiddleware definition;
    MadeTcpMiddleware made;
  };

  const MadeTcpMiddleware& build(const std::string& name, const config::TcpMiddleware& definition);

  std::span<const TcpMiddlewareKind> kinds_;
  Registry& registry_;
  const Merged* merged_ = nullptr;
  config::Report* report_ = nullptr;
  std::map<std::string, Built> built_;
  std::map<std::string, Built> last_;
};

}  // namespace sluice::control
