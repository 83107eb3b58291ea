// source.h: where an HTTP provider asks, and how. Values; pure.
#pragma once

#include <string>

#include "base/result.h"
#include "config/static_providers.h"
#include "rest/call.h"

namespace sluice::providers::http {

// Bytes of an answer where maxResponseBodySize does not say.
inline constexpr std::size_t kMaxBody = std::size_t{64} << 20;

struct Source {
  rest::Call call;   // without validators
  std::string name;  // as messages name it: the URL without credentials and query, which may hold secrets

  // Errors: invalid, unsupported; their text says what is wrong with providers.http.endpoint.
  static Result<Source> parse(const config::HttpProvider& options);
};

// What the last answer said of itself, to ask whether there is a newer one (RFC 9110 §13.1).
struct Validators {
  std::string etag;
  std::string last_modified;

  static Validators of(const rest::Reply& reply);
  void add_to(rest::Call& call) const;
};

}  // namespace sluice::providers::http
