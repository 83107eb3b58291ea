#include "proxy/h2_stream.h"

#include <utility>

namespace sluice::proxy {

using http::h2::ErrorCode;

H2Stream::~H2Stream() { link_.session().detach(*this); }

Task<Result<http::Bytes>> H2Stream::read(Deadline deadline) {
  if (unreported_ > 0) {
    link_.session().consumed(*this, std::exchange(unreported_, 0));
    link_.push();
  }
  while (inbound_.empty()) {
    if (ended_) co_return Bytes();
    if (closed_) co_return error_;
    Status waited = co_await readable_.wait(deadline);
    if (!waited) co_return waited.error();
  }
  // The last piece stays where it is until there is another one: who reads the end still has it (Body::ready).
  lent_.clear();
  lent_.swap(inbound_);
  unreported_ = lent_.size();
  co_return Bytes(lent_);
}

void H2Stream::on_data(Bytes bytes) {
  received_ += bytes.size();
  inbound_.append(bytes);
  readable_.notify_all();
}

void H2Stream::on_trailers(http::h2::HeadBlock& block) { trailers_ = http::h2::read_trailers(block); }

void H2Stream::on_end() {
  ended_ = true;
  readable_.notify_all();
}

void H2Stream::on_closed(ErrorCode code) {
  Error error = Error::of(Code::closed, "the peer reset the stream", peer_);
  if (code == ErrorCode::refused_stream) {
    error.text = "the peer refused the stream";
    error.nothing_sent = true;
  }
  fail(error);
}

void H2Stream::fail(const Error& error) {
  if (closed_) return;
  closed_ = true;
  error_ = error;
  readable_.notify_all();
  writable_.notify_all();
}

bool H2Stream::write(Bytes bytes, bool last) {
  link_.session().offer(*this, bytes, last);
  link_.push();
  if (closed_) return false;
  if (settled()) return true;
  // The window or the transport is full: only now are the bytes copied.
  pending_.assign(offered());
  link_.session().offer(*this, pending_, last);
  return false;
}

bool H2Stream::finish(const http::Fields* trailers) {
  http::h2::Block block;
  if (trailers != nullptr && !trailers->empty()) {
    Result<http::h2::Block> written = http::h2::write_trailers(head_arena(), *trailers);
    if (written) block = *written;
  }
  link_.session().end(*this, block);
  link_.push();
  return settled();
}

Task<Status> H2Stream::wait_ready(Deadline deadline) {
  while (!ready()) {
    Status waited = co_await readable_.wait(deadline);
    if (!waited) co_return waited;
  }
  co_return Status();
}

Task<Status> H2Stream::settle(Duration stall) {
  while (!settled() || (closed_ && !finished())) {
    if (closed_) co_return error_;
    Status waited = co_await writable_.wait(Loop::current().now() + stall);
    if (!waited) co_return waited;
  }
  co_return Status();
}

void H2Stream::reset(ErrorCode error) {
  link_.session().reset(*this, error);
  link_.push();
}

}  // namespace sluice::proxy
