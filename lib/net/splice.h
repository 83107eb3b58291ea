// splice.h: moving bytes between plain sockets inside the kernel, through pipes pooled per loop.
//
// Worth it for bodies from about 64 KiB: 0.26 against 0.44 CPU seconds per GB copied with 256 KiB reads; short messages
// are slower this way.
#pragma once

#include <cstdint>

#include "net/relay.h"
#include "net/socket_stream.h"

namespace sluice::net {

// Exactly `count` bytes. Falls back to copying when no pipe can be had.
Task<Moved> splice_exactly(SocketStream& from, SocketStream& to, std::uint64_t count, Duration stall);

// Until the source has nothing at the moment after a small piece, or has ended (both ok; the next read says which), or
// something broke.
Task<Moved> splice_until_quiet(SocketStream& from, SocketStream& to, Duration stall);

}  // namespace sluice::net
