// utf8.h: text of strangers made valid UTF-8 (RFC 3629), which JSON and Prometheus insist on.
#pragma once

#include <string>
#include <string_view>

namespace sluice::observe {

// The length of the valid sequence that starts at `text[at]`, or 0.
std::size_t utf8_length(std::string_view text, std::size_t at);
// Bytes that belong to no valid sequence become U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace sluice::observe
