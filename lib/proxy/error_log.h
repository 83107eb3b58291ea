// error_log.h: the one log line of every 5xx we make ourselves: router, service, server and cause.
#pragma once

#include "base/result.h"
#include "http/message.h"

namespace sluice::proxy {

// Rate-limited per router and cause. Any worker.
void log_failure(const http::Request& request, std::uint16_t status, const Error& error);

}  // namespace sluice::proxy
