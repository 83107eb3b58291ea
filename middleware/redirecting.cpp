#include "middleware/redirecting.h"

#include "middleware/answers.h"

namespace sluice::middleware {

Task<Result<http::Response>> redirect(http::Request& request, std::string_view location, bool permanent) {
  bool get = request.method == http::Method::get;
  std::uint16_t status = permanent ? (get ? 301 : 308) : (get ? 302 : 307);
  http::Response response = plain_response(request, status);
  response.fields.add(http::FieldId::location, location);
  co_return response;
}

}  // namespace sluice::middleware
