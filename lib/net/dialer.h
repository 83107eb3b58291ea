// dialer.h: opening connections to upstreams.
#pragma once

#include <memory>
#include <string>

#include "base/ip.h"
#include "net/socket_stream.h"

namespace sluice::net {

// Every error has `nothing_sent` and Origin::upstream: refused, timed_out, exhausted (no descriptors), or what the
// scope was cancelled with.
Task<Result<std::unique_ptr<SocketStream>>> dial(SocketAddress address, Deadline deadline);
// A unix socket by path.
Task<Result<std::unique_ptr<SocketStream>>> dial_unix(std::string path, Deadline deadline);

}  // namespace sluice::net
