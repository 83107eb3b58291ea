// h2_attempt.h: one request and its response on a shared connection of HTTP/2: what forward.cpp does on connections of
// HTTP/1, for the other codec.
#pragma once

#include <optional>

#include "proxy/forward.h"
#include "proxy/h2_upstream.h"

namespace sluice::proxy {

struct H2Outcome {
  bool answered = false;               // something of an answer has come: the request must not be repeated
  std::optional<http::Bytes> content;  // the server did not look at the request, and this was all of its content
};

// Sends the request and gives the final response; interim ones go to the client. Errors: as of `forward`; with
// nothing_sent, the server said that it did not look at the request, and its content was not asked for.
Task<Result<http::Response>> attempt_h2(Ref<H2Upstream> upstream, http::Request& request,
                                        const Destination& destination, H2Outcome& outcome);

}  // namespace sluice::proxy
