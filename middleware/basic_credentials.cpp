#include "middleware/basic_credentials.h"

#include "base/encoding.h"
#include "base/text.h"
#include "http/chars.h"

namespace sluice::middleware {

std::optional<BasicCredentials> parse_basic(std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  if (!istarts_with(authorization, kScheme)) return std::nullopt;
  Result<std::string> decoded = base64_decode(http::trim_blanks(authorization.substr(kScheme.size())));
  if (!decoded) return std::nullopt;
  std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  BasicCredentials credentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
  if (!http::is_field_value(credentials.user)) return std::nullopt;
  return credentials;
}

}  // namespace sluice::middleware
