// forward.h: one request to one server and its response: the proxy itself.
//
// Works on the normal form; the codec below decides how it looks on the wire, and a server may decide which one it is.
// While the response is read, a child task of the exchange's scope pumps the request's content, so both directions run
// at once (RFC 9110 §7.5 early responses).
//
// The replay rule lives here: on a reused connection that failed before any byte of the response, a request without
// content is sent once more on a fresh connection if its method is idempotent (RFC 9110 §9.2.2) or nothing was sent. A
// stream of HTTP/2 that the server refused, or that its GOAWAY does not count, counts as not sent (RFC 9113 §8.7).
// Everything else is up to the load balancer (other servers, when nothing was sent) and the retry middleware.
#pragma once

#include "http/message.h"
#include "proxy/endpoint.h"

namespace sluice::proxy {

struct Destination {
  const Endpoint* endpoint = nullptr;  // kept alive by the service that holds this
  bool pass_host_header = true;        // send the client's Host, not the server's
  bool preserve_path = false;          // put the path of the server's URL in front
};

// Adds X-Forwarded-For, removes hop-by-hop fields and sends the request on. The request's fields are consumed: a second
// call with the same request sends the same message again. Errors: of acquiring a connection (nothing_sent), upstream
// reset/closed/invalid/timed_out, or the client's own (Origin::client).
Task<Result<http::Response>> forward(http::Request& request, const Destination& destination);

}  // namespace sluice::proxy
