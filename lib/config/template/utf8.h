// utf8.h: code points to and from UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::config::templates {

// `code` must be a code point: at most 0x10FFFF and no surrogate.
void append_utf8(std::uint32_t code, std::string& out);

// The length of the sequence that starts at `text[at]`, and its code point; 0 when there is no valid one (RFC 3629).
std::size_t decode_utf8(std::string_view text, std::size_t at, std::uint32_t& code);

// Code points in `text`; a byte that belongs to none counts as one.
std::size_t count_code_points(std::string_view text);

}  // namespace sluice::config::templates
