#include "middleware/auth_challenge.h"

namespace sluice::middleware {

std::string quoted_string(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

http::Response unauthorized(http::Request& request, std::string_view challenge) {
  http::Response response = http::text_response(request.arena, 401, "401 Unauthorized\n");
  response.fields.add("WWW-Authenticate", challenge);
  return response;
}

}  // namespace sluice::middleware
