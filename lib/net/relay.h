// relay.h: moving bytes from one stream to another without looking at them.
#pragma once

#include <cstdint>

#include "net/stream.h"

namespace sluice::net {

// Moves exactly `count` bytes, by splice when both ends are plain sockets. `stall` bounds each time without progress on
// either side; 0 means none. Gives the number moved when the source ends early (closed, origin of the reading side).
struct Moved {
  std::uint64_t bytes = 0;
  Status source;  // not ok: reading failed or ended early
  Status sink;    // not ok: writing failed
};
Task<Moved> move_exactly(Stream& from, Stream& to, std::uint64_t count, Duration stall);

inline constexpr Duration kNoStall = Duration::max();

// How long one direction of a joined pair may go on when the other has ended.
struct AfterEnd {
  Duration delay = kNoStall;
  bool still_moving = false;  // `delay` counts from its last byte instead
};

// Joins two streams until both directions have ended or one broke. The end of one direction is passed on as the end of
// that direction (half-close). `idle` bounds the time in which neither direction moved; kNoStall for none.
struct Joined {
  std::uint64_t to_server = 0;
  std::uint64_t to_client = 0;
};
Task<Joined> join_streams(Stream& client, Stream& server, Duration idle, AfterEnd after = {});

}  // namespace sluice::net
