#include "proxy/h1_content.h"

namespace sluice::proxy {

H1Content::H1Content(net::Stream& stream, const http::h1::Framing& framing, Arena& arena,
                     const http::h1::Limits& limits, LentBytes& first, Origin peer)
    : stream_(stream), decoder_(framing, arena, limits), peer_(peer) {
  pending_.take(first);
  look_ahead();
}

// Decodes until there is content to give out, the end, or nothing left to decode.
void H1Content::look_ahead() {
  while (next_size_ == 0 && !ended_ && !failed_) {
    Bytes undecoded = pending_.bytes();
    http::h1::BodyDecoder::Piece piece = decoder_.decode(undecoded);
    if (piece.data.empty()) {
      pending_.drop_front(piece.consumed);
    } else {
      next_skip_ = static_cast<std::size_t>(piece.data.data() - undecoded.data());
      next_size_ = piece.data.size();
      next_consumed_ = piece.consumed;
    }
    if (piece.state == http::h1::BodyDecoder::State::end) {
      ended_ = true;
    } else if (piece.state == http::h1::BodyDecoder::State::refused) {
      failed_ = true;
      error_ = Error::of(Code::invalid, http::text_of(piece.reason), peer_);
    } else if (piece.data.empty() && pending_.empty()) {
      return;
    }
  }
}

Task<Result<http::Bytes>> H1Content::read(Deadline deadline) {
  while (next_size_ == 0) {
    if (ended_) co_return Bytes();
    if (failed_) co_return error_;
    Result<Bytes> bytes = co_await stream_.read(deadline);
    if (!bytes) {
      Error error = bytes.error();
      if (error.code != Code::cancelled) error.origin = peer_;
      co_return error;
    }
    if (bytes->empty()) {
      http::Reason reason = decoder_.at_eof();
      if (reason != http::Reason::none) co_return Error::of(Code::closed, "the message was cut short", peer_);
      ended_ = true;
      co_return Bytes();
    }
    pending_.hold(*bytes);
    look_ahead();
  }
  Bytes content = pending_.bytes().substr(next_skip_, next_size_);
  pending_.drop_front(next_consumed_);
  next_skip_ = next_size_ = next_consumed_ = 0;
  // Content behind it is found now, so that `ready` knows; `content` stays where it is.
  if (!ended_) look_ahead();
  co_return content;
}

void H1Content::bypassed(std::uint64_t bytes) {
  decoder_.skip(bytes);
  look_ahead();
}

std::optional<std::uint64_t> H1Content::remaining() const {
  std::optional<std::uint64_t> undecoded = decoder_.remaining();
  if (!undecoded) return std::nullopt;
  return *undecoded + next_size_;
}

}  // namespace sluice::proxy
