// h2_attempt.h: one request and its response on a shared connection of HTTP/2: what forward.cpp does on connections of
// HTTP/1, for the other codec.
#pragma once

#include "proxy/forward.h"
#include "proxy/h2_upstream.h"

namespace sluice::proxy {

// Sends the request and gives the final response; interim ones go to the client. `answered` becomes true once something
// of an answer has come: then the request must not be repeated. Errors: as of `forward`; with nothing_sent, the server
// said that it did not look at the request, and nothing of its content was taken from the client.
Task<Result<http::Response>> attempt_h2(Ref<H2Upstream> upstream, http::Request& request,
                                        const Destination& destination, bool& answered);

}  // namespace sluice::proxy
