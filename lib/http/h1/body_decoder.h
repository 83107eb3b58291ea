// body_decoder.h: finds the content in the bytes behind a head (RFC 9112 §6-7). Content is never copied: pieces are
// views into what was handed in. Chunk extensions and unsafe trailers are dropped here.
//
// One per message with content; lives in the exchange. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/arena.h"
#include "http/body.h"
#include "http/fields.h"
#include "http/h1/framing.h"
#include "http/h1/limits.h"

namespace sluice::http::h1 {

class BodyDecoder {
 public:
  enum class State : std::uint8_t {
    more,     // feed what follows the consumed bytes
    end,      // the message is complete; the bytes behind `consumed` are the next one's
    refused,  // the connection is of no use any more
  };
  struct Piece {
    std::size_t consumed = 0;  // of the bytes handed in
    Bytes data;                // content among them; may be empty
    State state = State::more;
    Reason reason = Reason::none;
  };

  // `arena` and `limits` (read for trailers only) must outlive the decoder.
  BodyDecoder(const Framing& framing, Arena& arena, const Limits& limits);

  // Takes the next bytes; unless they were all consumed, call again with the rest. Not to be called after `end` or
  // `refused`. A message without content is at its end from the start: decode({}) says so.
  Piece decode(Bytes in);

  // The connection has ended: none when that completes the message, Reason::truncated otherwise.
  Reason at_eof() const;

  // The content still to come, when the message says so.
  std::optional<std::uint64_t> remaining() const;
  // `bytes` of the remaining content went past the decoder, moved by the kernel.
  void skip(std::uint64_t bytes);

  // The trailer fields after the end; null when there were none to pass on.
  const Fields* trailers() const { return trailers_; }

 private:
  enum class Step : std::uint8_t;
  struct TrailerSection;

  Piece decode_chunked(Bytes in);
  Reason take_control_byte(char c);
  Reason count_extension_byte();
  Reason take_trailers(Bytes in, std::size_t& consumed);
  void keep_safe_trailers();

  Arena* arena_;
  const Limits* limits_;
  Framing::Kind kind_;
  Step step_;
  std::uint8_t digits_ = 0;            // of the chunk size
  std::uint16_t line_extension_ = 0;   // extension bytes of this chunk
  std::uint64_t left_ = 0;             // bytes of the content or of the chunk
  std::uint64_t extensions_ = 0;       // extension bytes of this message
  std::uint64_t content_ = 0;          // bytes decoded from chunks
  TrailerSection* section_ = nullptr;  // in the arena, when a trailer section has begun
  const Fields* trailers_ = nullptr;
};

}  // namespace sluice::http::h1
