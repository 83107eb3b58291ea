// service_names.h: what several kinds of services derive from their names. Plain functions.
#pragma once

#include <string>

#include "config/dynamic_http.h"
#include "proxy/sticky.h"

namespace sluice::control {

// The cookie of a sticky service, whose qualified name gives the cookie one if it has none.
inline proxy::Sticky::Cookie cookie_of(const config::Cookie& cookie, const std::string& service) {
  std::string name =
      cookie.name.empty() ? proxy::Sticky::default_name(service) : proxy::Sticky::sanitized_name(cookie.name);
  return {std::move(name), cookie.secure, cookie.http_only, cookie.same_site,
          cookie.max_age,  cookie.path,   cookie.domain};
}

}  // namespace sluice::control
