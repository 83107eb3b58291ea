// pieces.h: which piece of a line a problem is about: what it quotes, or the byte of the rule it counts to. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::cmd::checking {

struct Piece {
  std::size_t at = 0;    // in the line, in bytes
  std::size_t size = 1;  // at least 1
};

// `start` is where the key or value begins in the line; `value` is the value as it was read, or empty.
Piece piece_of(std::string_view line, std::size_t start, std::string_view what, std::string_view value);

// Whether `what` names `text` as a word of its own ("web" in "service web@docker", not in "webmail").
bool mentions(std::string_view what, std::string_view text);

// Whether what is wrong is this value rather than its name: it is quoted.
bool is_about_value(std::string_view what, std::string_view value);

}  // namespace sluice::cmd::checking
