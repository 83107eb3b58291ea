// redirecting.h: the answer that sends a client elsewhere.
// Stateless; any worker.
#pragma once

#include <string_view>

#include "http/message.h"

namespace sluice::middleware {

// 301 or 302 for GET, 308 or 307 for other methods, so that they keep their method and content. `location` must outlive
// the exchange.
Task<Result<http::Response>> redirect(http::Request& request, std::string_view location, bool permanent);

}  // namespace sluice::middleware
