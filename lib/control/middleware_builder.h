// middleware_builder.h: middlewares of the configuration to objects, and lists of names to chains.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/merged.h"
#include "control/middleware_kind.h"
#include "control/service_builder.h"

namespace sluice::control {

using Chain = std::vector<std::shared_ptr<const proxy::Middleware>>;

class MiddlewareBuilder {
 public:
  // `workers` will share what is built; `services` has those that middlewares refer to.
  MiddlewareBuilder(MiddlewareKinds kinds, unsigned workers, ServiceBuilder& services, Registry& registry,
                    TlsBuilder& tls)
      : kinds_(kinds), workers_(workers), services_(services), registry_(registry), tls_(tls) {}

  // Starts a build, before that of the services ends. `merged` and `report` must live until the next.
  void begin(const Merged& merged, config::Report& report);

  // Appends the middlewares of these names, in order, with `chain` middlewares resolved. False when one of them does
  // not exist or cannot be built: then whoever wants the chain must not serve at all, because a middleware may be what
  // protects it. Reported; `effect` says what becomes of the referrer.
  bool append(Chain& chain, const std::vector<std::string>& names, std::string_view provider,
              const config::Source& referrer, const std::string& effect);

  // The servers that the middlewares of this build ask themselves.
  std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints() const;

 private:
  struct Built {
    config::Middleware definition;
    std::shared_ptr<const proxy::Handler> service;
    std::shared_ptr<const tls::ClientContext> tls;
    MadeMiddleware made;
  };

  bool append_one(Chain& chain, const std::string& name, const config::Source& referrer, const std::string& effect,
                  int depth);
  const Built& build(const std::string& name, const Owned<config::Middleware>& defined);

  MiddlewareKinds kinds_;
  unsigned workers_;
  ServiceBuilder& services_;
  Registry& registry_;
  TlsBuilder& tls_;
  const Merged* merged_ = nullptr;
  config::Report* report_ = nullptr;
  std::map<std::string, Built> built_;
  std::map<std::string, Built> last_;
};

}  // namespace sluice::control
