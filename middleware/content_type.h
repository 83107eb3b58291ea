// content_type.h: the contentType middleware: a response without Content-Type gets one that its first bytes suggest, by
// the WHATWG's MIME sniffing rules as Go's HTTP server applies them. Immutable and shared by all workers.
#pragma once

#include <string_view>

#include "control/middleware_kind.h"

namespace sluice::middleware {

class ContentType final : public proxy::Middleware {
 public:
  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;
};

// The type of content that begins with these bytes; at most 512 are looked at.
std::string_view sniff_content_type(std::string_view beginning);

}  // namespace sluice::middleware
