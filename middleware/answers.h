// answers.h: what middlewares answer themselves, without asking the next handler. Stateless; any worker.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace sluice::middleware {

// `status` with its reason phrase as text.
http::Response plain_response(http::Request& request, std::uint16_t status);

// The same as the outcome of a handler that is no coroutine itself. `text` must outlive the exchange.
Task<Result<http::Response>> answer(http::Request& request, std::uint16_t status);
Task<Result<http::Response>> answer(http::Request& request, std::uint16_t status, std::string_view text);

// Whether an option that is a status may be sent as the status of a whole answer.
constexpr bool is_final_status(std::int64_t status) { return status >= 200 && status <= 599; }

}  // namespace sluice::middleware
