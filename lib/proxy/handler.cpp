#include "proxy/handler.h"

namespace sluice::proxy {

std::shared_ptr<const Handler> chain(const std::vector<std::shared_ptr<const Middleware>>& middlewares,
                                     std::shared_ptr<const Handler> service) {
  for (auto middleware = middlewares.rbegin(); middleware != middlewares.rend(); ++middleware) {
    service = std::make_shared<Link>(*middleware, std::move(service));
  }
  return service;
}

}  // namespace sluice::proxy
