#include "proxy/response_body.h"

#include "net/relay.h"

namespace sluice::proxy {

ResponseBody::ResponseBody(Ref<Exchange> exchange, const http::h1::Framing& framing, Arena& arena,
                           const http::h1::Limits& limits, LentBytes& first, bool keep_alive)
    : exchange_(std::move(exchange)),
      content_(exchange_->stream(), framing, arena, limits, first, Origin::upstream),
      keep_alive_(keep_alive) {}

Task<Result<http::Bytes>> ResponseBody::read() {
  // No deadline: a stream of events may be silent for hours. The client's end, or a middleware, bounds it.
  Result<http::Bytes> bytes = co_await content_.read(kNoDeadline);
  if (bytes) finish_if_ended();
  co_return bytes;
}

net::Stream* ResponseBody::direct() {
  return exchange_ && content_.may_bypass() && exchange_->stream().socket() != nullptr ? &exchange_->stream() : nullptr;
}

void ResponseBody::moved(std::uint64_t bytes) {
  content_.bypassed(bytes);
  finish_if_ended();
}

void ResponseBody::finish_if_ended() {
  if (!content_.ended() || !exchange_) return;
  exchange_->response_complete = content_.rest().empty();
  exchange_->keep_alive = keep_alive_;
  exchange_ = Ref<Exchange>();
}

Task<Status> UpgradeTunnel::run(net::Stream& client, http::Bytes already_read) {
  LentBytes early;
  early.hold(already_read);
  if (!first_.empty()) {
    Status written = co_await net::write_all(client, first_.bytes(), net::kNoStall);
    first_.clear();
    if (!written) co_return written;
  }
  if (!early.empty()) {
    Status written = co_await net::write_all(exchange_->stream(), early.bytes(), net::kNoStall);
    early.clear();
    if (!written) co_return written;
  }
  [[maybe_unused]] net::Joined joined = co_await net::join_streams(client, exchange_->stream(), net::kNoStall);
  co_return Status();
}

}  // namespace sluice::proxy
