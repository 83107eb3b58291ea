// dialer.h: opening connections to upstreams.
#pragma once

#include <memory>
#include <string>

#include "base/ip.h"
#include "net/socket_stream.h"

namespace sluice::net {

// Who says the first thing on a connection. With `us` the kernel acknowledges the server's SYN with our first bytes (a
// packet less); a server that waits for the acknowledgement would wait for 200 ms if there were none.
enum class First : std::uint8_t { us, server };

// Every error has `nothing_sent` and Origin::upstream: refused, timed_out, exhausted (no descriptors), or what the
// scope was cancelled with.
Task<Result<std::unique_ptr<SocketStream>>> dial(SocketAddress address, First first, Deadline deadline);
// A unix socket by path.
Task<Result<std::unique_ptr<SocketStream>>> dial_unix(std::string path, Deadline deadline);

}  // namespace sluice::net
