// hop_by_hop.h: removes the fields that are meant for the next hop only (RFC 9110 §7.6.1). What the connection itself
// needs of them (framing, keep-alive, upgrade) was read by the parser and is written by the writer. Pure.
#pragma once

#include <span>
#include <string>

#include "http/fields.h"

namespace sluice::http {

// At the entry point, before middlewares see the request: removes the fields that its Connection fields nominate, so
// that no client can smuggle one past a middleware and have it vanish behind it. Fields the proxy manages and fields
// that describe the message cannot be nominated. Names in `kept` (forwardedHeaders.connection) stay until the request
// is forwarded, and Connection stays with them.
void remove_nominated(Fields& fields, std::span<const std::string> kept);

// Before a request is forwarded: nominated fields, then the fixed set. TE stays as exactly "trailers" if it has that
// member; Expect goes, because the edge answers it.
void remove_hop_by_hop_of_request(Fields& fields);

// Before a response is passed on.
void remove_hop_by_hop_of_response(Fields& fields);

}  // namespace sluice::http
