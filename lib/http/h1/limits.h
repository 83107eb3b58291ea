// limits.h: what a peer may send in the head of an HTTP/1 message, and the options that concern its reading.
#pragma once

#include <cstdint>

#include "http/target.h"

namespace sluice::http::h1 {

// underscoreHeadersStrategy: what happens to a field whose name contains '_'. Aliases of framing fields are refused and
// aliases of forwarded fields removed whatever it says.
enum class Underscores : std::uint8_t { keep, remove, reject };

struct Limits {
  std::uint32_t max_header_bytes = 64 * 1024;  // first line and fields together, and again for a trailer section
  std::uint32_t max_fields = 100;              // of the head, and again of a trailer section
  std::uint32_t max_target = 16 * 1024;
  Underscores underscores = Underscores::keep;
  TargetOptions target;
};

}  // namespace sluice::http::h1
