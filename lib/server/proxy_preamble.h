// proxy_preamble.h: the PROXY protocol header in front of a new connection, on entry points that expect one. A header
// of a trusted peer gives the connection its addresses; one of anybody else is read and has no effect; what is not a
// header stays where it is. Part of a connection's reception, on its worker.
#pragma once

#include "async/lent.h"
#include "http/message.h"
#include "net/stream.h"
#include "server/entry_point_settings.h"

namespace sluice::server {

// False: the connection is to be closed (it ended, the header is malformed or did not come to its end in time), and why
// is in the log. Afterwards `received` has what came behind the header, perhaps nothing.
//
// A peer that sends nothing at all for kProxyHeaderTime sends no header: it may be waiting for the server to speak.
Task<bool> take_proxy_header(net::Stream& stream, LentBytes& received, http::Peer& peer,
                             const EntryPointSettings& settings);

inline constexpr Duration kProxyHeaderTime = 5s;

// Whether a header of this peer counts.
bool believes_proxy_header(const EntryPointSettings& settings, const http::Peer& peer);

}  // namespace sluice::server
