#include "middleware/answers.h"

namespace sluice::middleware {

http::Response plain_response(http::Request& request, std::uint16_t status) {
  return http::text_response(request.arena, status, http::reason_phrase(status));
}

Task<Result<http::Response>> answer(http::Request& request, std::uint16_t status) {
  co_return plain_response(request, status);
}

Task<Result<http::Response>> answer(http::Request& request, std::uint16_t status, std::string_view text) {
  co_return http::text_response(request.arena, status, text);
}

}  // namespace sluice::middleware
