// h1_content.h: the content of one HTTP/1 message, pulled from the stream it arrives on. Used on both sides: for
// requests by the server connection, for responses by the forwarder.
//
// Lives in the exchange; the stream must outlive it. What was read beyond the message stays in `rest`.
#pragma once

#include "async/lent.h"
#include "base/arena.h"
#include "http/body.h"
#include "http/h1/body_decoder.h"
#include "net/stream.h"

namespace sluice::proxy {

class H1Content {
 public:
  using Bytes = http::Bytes;

  // `first` are bytes already read behind the head, taken over. `peer` is the origin of its errors.
  H1Content(net::Stream& stream, const http::h1::Framing& framing, Arena& arena, const http::h1::Limits& limits,
            LentBytes& first, Origin peer);

  // As Body::read. Errors: closed when the message was cut short, invalid when its framing is broken, or of the stream.
  Task<Result<Bytes>> read(Deadline deadline);
  // As Body::ready.
  bool ready() const { return next_size_ > 0 || ended_ || failed_; }
  bool ended() const { return ended_ && next_size_ == 0; }

  // Nothing of the content is held here any more, and its length is known: the rest may bypass us.
  bool may_bypass() const { return next_size_ == 0 && !ended_ && pending_.empty() && remaining().has_value(); }
  void bypassed(std::uint64_t bytes);

  std::optional<std::uint64_t> remaining() const;
  const http::Fields* trailers() const { return ended() ? decoder_.trailers() : nullptr; }
  // After the end: bytes that belong to whatever follows on the stream.
  LentBytes& rest() { return pending_; }

 private:
  void look_ahead();

  net::Stream& stream_;
  http::h1::BodyDecoder decoder_;
  // What has been read and not given out. The decoder has seen the first `next_consumed_` bytes: `next_skip_` bytes of
  // framing, `next_size_` bytes of content, and the framing behind it.
  LentBytes pending_;
  std::size_t next_skip_ = 0;
  std::size_t next_size_ = 0;
  std::size_t next_consumed_ = 0;
  Origin peer_;
  bool ended_ = false;
  bool failed_ = false;
  Error error_;
};

}  // namespace sluice::proxy
