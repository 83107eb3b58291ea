// encoding.h: base64, hexadecimal and random bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

enum class Base64 { standard, url };  // RFC 4648 §4 with padding, §5 without

std::string base64_encode(std::string_view bytes, Base64 alphabet = Base64::standard);
// Standard text must be padded, url text must not be. Error: Code::invalid.
Result<std::string> base64_decode(std::string_view text, Base64 alphabet = Base64::standard);

std::string hex_encode(std::string_view bytes);

inline std::string base64url_encode(std::string_view bytes) { return base64_encode(bytes, Base64::url); }

// From getrandom(2); never fails (aborts if the kernel has none).
void random_bytes(std::span<char> out);
std::uint64_t random_u64();
double random_fraction();  // from 0 up to 1, which it never is
std::string random_hex(std::size_t bytes);

}  // namespace sluice
