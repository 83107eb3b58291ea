// resp.h: the protocol of Redis (RESP2), as much as asking a server takes: commands out, replies in. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::middleware {

struct RespValue {
  enum class Kind : std::uint8_t { text, error, integer, null, array };
  Kind kind = Kind::null;
  std::string text;  // also of an error
  std::int64_t integer = 0;
  std::vector<RespValue> elements;
};

// A command and its arguments, as an array of bulk strings.
std::string resp_command(std::span<const std::string_view> words);

enum class RespState : std::uint8_t { complete, need_more, invalid };
// Reads one value from the beginning of `bytes`; `consumed` says how much of it that was, when it is complete. What is
// larger than any reply we ask for (kRespMost bytes, deep nesting) is invalid.
inline constexpr std::size_t kRespMost = 64 * 1024;
RespState resp_read(std::string_view bytes, RespValue& value, std::size_t& consumed);

}  // namespace sluice::middleware
