// h2_stream.h: one stream of HTTP/2 as the tasks of its exchange see it: content is pulled from it and pushed into it,
// each as fast as the other side allows. Either side: requests of clients and those we send.
//
// Lives in an exchange, which may end before the stream does. What the peer sends ahead is kept here, at most one
// window of it; the window opens again for what the reader has passed on.
#pragma once

#include <string>

#include "async/signal.h"
#include "proxy/h2_link.h"

namespace sluice::proxy {

class H2Stream : public http::h2::Stream {
 public:
  using Bytes = http::Bytes;

  // `peer` is the origin of its errors.
  H2Stream(H2Link& link, Origin peer) : link_(link), peer_(peer) {}
  ~H2Stream() override;

  // As Body::read. Errors: closed when the peer reset the stream or the connection ended first.
  Task<Result<Bytes>> read(Deadline deadline);
  Task<Status> wait_ready(Deadline deadline);
  // As Body::ready.
  bool ready() const { return !inbound_.empty() || ended_ || closed_; }
  // The peer's end has come.
  bool ended() const { return ended_; }
  // Bytes of content the peer has sent so far.
  std::uint64_t received() const { return received_; }
  const http::Fields* trailers() const { return trailers_; }

  // The next bytes of content, lent until this returns. False: `settle` before anything else.
  bool write(Bytes bytes, bool last);
  // The end of content that was not `last`.
  bool finish(const http::Fields* trailers);
  // Until all of it is framed. `stall`: the longest time without progress. Errors: timed_out, closed, or what the scope
  // was cancelled with.
  Task<Status> settle(Duration stall);

  // Ends the stream at once.
  void reset(http::h2::ErrorCode error);
  // Nothing more comes or goes: the stream or the connection has ended. Only the first call counts.
  virtual void fail(const Error& error);

  bool closed() const { return closed_; }
  const Error& error() const { return error_; }

 protected:
  Arena& head_arena() override = 0;
  void on_head(http::h2::HeadBlock& block, bool ended) override = 0;
  void on_trailers(http::h2::HeadBlock& block) override;
  void on_data(Bytes bytes) override;
  void on_end() override;
  void on_sent() override { writable_.notify_all(); }
  void on_closed(http::h2::ErrorCode error) override;

  H2Link& link() { return link_; }

 private:
  H2Link& link_;
  Origin peer_;
  bool ended_ = false;
  bool closed_ = false;
  std::uint64_t received_ = 0;
  std::string inbound_;
  std::string lent_;            // the piece the reader has
  std::size_t unreported_ = 0;  // bytes of it that the window does not know of
  std::string pending_;         // what was offered and had to wait
  const http::Fields* trailers_ = nullptr;
  Signal readable_;
  Signal writable_;
  Error error_;
};

}  // namespace sluice::proxy
