// keyed_hash.h: a hash that nobody outside the process can predict: SipHash-2-4 (Aumasson and Bernstein, 2012) with a
// key made at the start. For tables whose keys strangers choose. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::middleware {

// Of the pieces, each with its length, so that how a text is cut makes a difference.
std::uint64_t keyed_hash(std::span<const std::string_view> pieces);

}  // namespace sluice::middleware
