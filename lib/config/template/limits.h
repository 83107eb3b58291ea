// limits.h: the bounds of parsing and rendering a template.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::config::templates {

inline constexpr std::size_t kMaxSource = std::size_t{16} << 20;  // bytes of template text
inline constexpr std::size_t kMaxNodes = 200'000;                 // words and actions in one template
inline constexpr std::size_t kMaxOutput = std::size_t{16} << 20;  // bytes of rendered text
inline constexpr std::uint64_t kMaxSteps = 1'000'000;  // commands, rounds, elements; 64 bytes of text are one
inline constexpr int kMaxDepth = 100;                  // blocks, parentheses, templates, values in values

}  // namespace sluice::config::templates
