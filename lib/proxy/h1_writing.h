// h1_writing.h: writes one HTTP/1 message, head and content, to a stream. Used on both sides: requests to upstreams,
// responses to clients.
#pragma once

#include <cstdint>

#include "async/task.h"
#include "base/arena.h"
#include "http/body.h"
#include "net/stream.h"

namespace sluice::proxy {

struct H1Writing {
  net::Stream& stream;
  Duration stall;  // the longest time without progress
  bool chunked;    // frame the content; otherwise its length is known or the end of the stream ends it
  Arena& arena;    // for trailers
  net::Follows follows = net::Follows::unknown;  // after the last byte: `more` when the stream is shut down at once
};

struct Written {
  Status source;  // not ok: reading the content failed; the message on the stream is cut short
  Status sink;    // not ok: writing failed; with nothing_sent, not a byte of the head was taken
};

// All pieces that are ready go out in one system call; a piece that has to be waited for never holds back what is
// there. A long rest of known length moves inside the kernel when both ends are plain sockets. `content` counts the
// bytes of content that were written.
Task<Written> write_message(H1Writing writing, http::Bytes head, http::Body& body, std::uint64_t& content);

}  // namespace sluice::proxy
