#include "proxy/tcp_handler.h"

namespace sluice::proxy {
namespace {

class Guarded final : public TcpHandler {
 public:
  Guarded(std::shared_ptr<const TcpMiddleware> middleware, std::shared_ptr<const TcpHandler> next)
      : middleware_(std::move(middleware)), next_(std::move(next)) {}

  // Not a coroutine of its own.
  Task<void> run(net::Stream& client, LentBytes& first, const TcpPeer& peer) const override {
    return middleware_->run(client, first, peer, *next_);
  }
  bool available() const override { return next_->available(); }

 private:
  std::shared_ptr<const TcpMiddleware> middleware_;
  std::shared_ptr<const TcpHandler> next_;
};

}  // namespace

std::shared_ptr<const TcpHandler> tcp_chain(const TcpChain& middlewares, std::shared_ptr<const TcpHandler> service) {
  for (auto middleware = middlewares.rbegin(); middleware != middlewares.rend(); ++middleware) {
    service = std::make_shared<Guarded>(*middleware, std::move(service));
  }
  return service;
}

}  // namespace sluice::proxy
