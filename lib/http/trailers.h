// trailers.h: which fields may come in a trailer section (RFC 9110 §6.5.1). Used for both protocol versions. Pure.
#pragma once

#include "http/fields.h"

namespace sluice::http {

// False for fields that had to be known before the content: framing, routing, authentication, conditions, what
// describes the content's form, and every field that the proxy sets or trusts itself, in any spelling. Such a trailer
// is dropped. The others are forwarded as trailers and never merged into the header fields.
bool may_be_trailer(const Field& field);

}  // namespace sluice::http
