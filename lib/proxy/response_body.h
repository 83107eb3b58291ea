// response_body.h: what follows a response head: its content, or after 101 another protocol.
#pragma once

#include "proxy/exchange.h"
#include "proxy/h1_content.h"

namespace sluice::proxy {

// Owned by the Response; lets go of the exchange when the content is complete, so that the connection can serve the
// next request while this one is still being written to its client.
class ResponseBody final : public http::Body {
 public:
  static void* operator new(std::size_t size) { return async::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) { async::release_frame(memory, size); }

  // `first`: bytes read behind the head, taken over. `keep_alive`: the connection may serve again once the content is
  // complete.
  ResponseBody(Ref<Exchange> exchange, const http::h1::Framing& framing, Arena& arena, const http::h1::Limits& limits,
               LentBytes& first, bool keep_alive);

  Task<Result<http::Bytes>> read() override;
  bool ready() const override { return content_.ready(); }
  const http::Fields* trailers() const override { return content_.trailers(); }
  std::optional<std::uint64_t> remaining() const override { return content_.remaining(); }
  net::Stream* direct() override;
  void moved(std::uint64_t bytes) override;

 private:
  void finish_if_ended();

  Ref<Exchange> exchange_;
  H1Content content_;
  bool keep_alive_;
};

// After a 101 both sides speak something else; bytes are relayed until both directions ended.
class UpgradeTunnel final : public http::Tunnel {
 public:
  UpgradeTunnel(Ref<Exchange> exchange, LentBytes& first) : exchange_(std::move(exchange)) { first_.take(first); }

  Task<Status> run(net::Stream& client, http::Bytes already_read) override;

 private:
  Ref<Exchange> exchange_;
  LentBytes first_;  // bytes the upstream sent behind its 101
};

}  // namespace sluice::proxy
