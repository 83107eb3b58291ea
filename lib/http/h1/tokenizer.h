// tokenizer.h: cuts a field section (the lines after the first one, or a trailer section) into names and values. This
// is all that llhttp does here; what the fields mean is decided in framing.h.
//
// Resumable: it is fed the new bytes only, so a section that comes byte by byte costs no more than one that comes
// whole. Belongs to one parser; nothing of it outlives the arena.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/arena.h"
#include "http/rejection.h"

namespace sluice::http::h1 {

class FieldTokenizer {
 public:
  // Offsets from the first byte of the buffer, so that the buffer may move between two calls. The value may have blanks
  // around it.
  struct Line {
    std::uint32_t name = 0;
    std::uint32_t name_size = 0;
    std::uint32_t value = 0;
    std::uint32_t value_size = 0;
  };
  enum class State : std::uint8_t { more, done, refused };

  // Starts at the byte after the first line's CR LF. More than `max_fields` lines are refused.
  void start(Arena& arena, std::uint32_t max_fields);
  // Reads buffer[from, to); `from` is where the last call ended. After `done`, end() is the offset of the first byte
  // behind the empty line; after `refused`, reason() says why. Neither may be followed by another call.
  State feed(const char* buffer, std::size_t from, std::size_t to);

  std::span<const Line> lines() const { return {lines_, count_}; }
  std::size_t end() const { return end_; }
  Reason reason() const { return reason_; }

 private:
  struct Callbacks;

  bool begin_line(std::uint32_t at);

  // llhttp's parser; its type stays in the .cpp.
  alignas(8) std::byte parser_[112];
  Arena* arena_ = nullptr;
  const char* buffer_ = nullptr;
  Line* lines_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t max_fields_ = 0;
  std::size_t end_ = 0;
  Reason reason_ = Reason::none;
};

}  // namespace sluice::http::h1
