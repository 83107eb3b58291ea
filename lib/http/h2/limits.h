// limits.h: what a session of HTTP/2 offers its peer, and what the peer may send.
#pragma once

#include <cstdint>

#include "http/h1/limits.h"

namespace sluice::http::h2 {

struct Settings {
  std::uint32_t max_concurrent_streams = 100;
  // Of HPACK: what we keep for the peer, and the most we use of what the peer keeps for us.
  std::uint32_t decoder_table = 4096;
  std::uint32_t encoder_table = 4096;
  // What a peer may send ahead of what has been passed on. The connection's window is given back at once, because every
  // stream is bounded by its own: a slow stream never takes the room of its neighbours.
  std::uint32_t stream_window = 64 * 1024;
  std::uint32_t connection_window = 1024 * 1024;
  // Of heads and trailers; the target's too. The same numbers as for HTTP/1.
  h1::Limits heads;
};

}  // namespace sluice::http::h2
