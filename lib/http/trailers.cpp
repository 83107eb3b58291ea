#include "http/trailers.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sluice::http {

namespace {

bool id_may_be_trailer(FieldId id) {
  switch (id) {
    case FieldId::other:
    case FieldId::server:
    case FieldId::user_agent:
    case FieldId::via: return true;
    default: return false;
  }
}

constexpr std::array<std::string_view, 24> kRefused = {
    "Accept",
    "Age",
    "Allow",
    "Alt-Svc",
    "Authentication-Info",
    "Content-Disposition",
    "Content-Language",
    "Content-Location",
    "Content-Range",
    "Content-Security-Policy",
    "Expires",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Pragma",
    "Proxy-Authentication-Info",
    "Refresh",
    "Strict-Transport-Security",
    "Warning",
    "WWW-Authenticate",
    "X-HTTP-Method-Override",
};

}  // namespace

bool may_be_trailer(const Field& field) {
  if (!id_may_be_trailer(field.id)) return false;
  if (field.id != FieldId::other) return true;
  if (!id_may_be_trailer(field_id_of_alias(field.name))) return false;
  return std::none_of(kRefused.begin(), kRefused.end(),
                      [&](std::string_view refused) { return iequals(field.name, refused); });
}

}  // namespace sluice::http
