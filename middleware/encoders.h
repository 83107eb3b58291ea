// encoders.h: the content codings that compress can make (RFC 9110 §8.4.1): gzip, br and zstd, on zlib, libbrotli and
// libzstd. An encoder belongs to one response.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::middleware {

enum class Coding : std::uint8_t { gzip, brotli, zstd };

// "gzip", "br", "zstd".
std::string_view coding_name(Coding coding);
std::optional<Coding> coding_of(std::string_view name);

class Encoder {
 public:
  enum class Then : std::uint8_t {
    go_on,   // what is taken in may stay inside
    flush,   // all that was taken in comes out
    finish,  // the same, and the end; nothing may follow
  };
  // `size` of all the content, when it is known: a small content needs little memory.
  // The levels are those that nginx and Traefik have by default: gzip 6, brotli 6, zstd 3.
  static std::unique_ptr<Encoder> make(Coding coding, std::optional<std::uint64_t> size);
  virtual ~Encoder() = default;

  // Appends to `out` what the input becomes.
  virtual Status encode(std::string_view input, Then then, std::string& out) = 0;
};

}  // namespace sluice::middleware
