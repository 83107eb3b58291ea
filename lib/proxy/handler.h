// handler.h: the one shape of everything that answers requests: routers, middlewares, services, the proxy itself.
//
// Handlers are immutable, built once per snapshot and shared by all workers; what changes lives in per-worker or keyed
// state (worker_local.h, control::Registry). `handle` is called once per request, from any worker, many at a time.
#pragma once

#include <memory>
#include <vector>

#include "async/task.h"
#include "http/message.h"

namespace sluice::proxy {

class Handler {
 public:
  virtual ~Handler() = default;
  // The response, or why there is none: Origin::client when the client went away or broke its own request,
  // Origin::upstream or ::self otherwise (answering.h turns those into 502, 503, 504 or 500).
  // The request outlives the returned response's body.
  virtual Task<Result<http::Response>> handle(http::Request& request) const = 0;

  // False when it is known that no server can answer: its health checks say so. For services of services, which then
  // choose another one.
  virtual bool ready() const { return true; }
};

class Middleware {
 public:
  virtual ~Middleware() = default;
  // Changes the request on the way down and the response on the way up, or answers itself without calling `next`.
  virtual Task<Result<http::Response>> handle(http::Request& request, const Handler& next) const = 0;
};

// One middleware in front of a handler. A chain of five is five of these around a service.
class Link final : public Handler {
 public:
  Link(std::shared_ptr<const Middleware> middleware, std::shared_ptr<const Handler> next)
      : middleware_(std::move(middleware)), next_(std::move(next)) {}
  // Not a coroutine of its own: it adds nothing to the call but the second argument.
  Task<Result<http::Response>> handle(http::Request& request) const override {
    return middleware_->handle(request, *next_);
  }
  bool ready() const override { return next_->ready(); }

 private:
  std::shared_ptr<const Middleware> middleware_;
  std::shared_ptr<const Handler> next_;
};

// `middlewares` in order of application around `service`.
std::shared_ptr<const Handler> chain(const std::vector<std::shared_ptr<const Middleware>>& middlewares,
                                     std::shared_ptr<const Handler> service);

}  // namespace sluice::proxy
