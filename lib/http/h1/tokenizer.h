// tokenizer.h: cuts a field section (the lines after the first one, or a trailer section) into names and values, and
// refuses what RFC 9112 §5 does not allow: bare CR and LF, folded lines, blanks before the colon, control bytes. What
// the fields mean is decided in framing.h.
//
// Ours rather than llhttp's, which takes two and a half times as many instructions and draws conclusions about lengths
// while it reads (../README.md has the numbers). In debug builds llhttp is asked for its opinion on every head:
// second_opinion.h.
//
// Resumable: only new bytes are read, so a section that comes byte by byte costs little more than one that comes whole.
// Belongs to one parser; nothing of it outlives the arena.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/arena.h"
#include "http/rejection.h"

namespace sluice::http::h1 {

class FieldTokenizer {
 public:
  // Offsets from the first byte of the buffer, so that the buffer may move between two calls. The value is without the
  // blanks around it.
  struct Line {
    std::uint32_t name;
    std::uint32_t name_size;
    std::uint32_t value;
    std::uint32_t value_size;
    bool has_underscore;  // in the name
  };
  enum class State : std::uint8_t { more, done, refused };

  // The section begins at offset `from`. More than `max_fields` lines are refused.
  void start(std::size_t from, Arena& arena, std::uint32_t max_fields);
  // Reads on up to offset `to`; all bytes from the start of the section must be there. After `done`, end() is the
  // offset behind the empty line; after `refused`, reason() says why. Neither may be followed by another call.
  State feed(const char* buffer, std::size_t to);

  std::span<const Line> lines() const { return {lines_, count_}; }
  std::size_t end() const { return line_; }
  Reason reason() const { return reason_; }

 private:
  void grow();
  State refuse(Reason reason) {
    reason_ = reason;
    return State::refused;
  }

  Arena* arena_ = nullptr;
  Line* lines_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t max_fields_ = 0;
  Reason reason_ = Reason::none;
  std::uint8_t seen_ = 0;    // classes of the bytes of its name, so far
  std::size_t line_ = 0;     // where the line begins that is not complete yet
  std::size_t colon_ = 0;    // behind its name; 0 while the name goes on
  std::size_t scanned_ = 0;  // how far it has been looked at
};

}  // namespace sluice::http::h1
