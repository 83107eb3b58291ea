// websocket_echo.h: a WebSocket server (RFC 6455) that sends every message back. For the demo backend.
#pragma once

#include "http/message.h"

namespace sluice::cmd {

// 101 with the echo behind it, or 400 when the request is no WebSocket handshake.
http::Response accept_websocket(http::Request& request);

}  // namespace sluice::cmd
