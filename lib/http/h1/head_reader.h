// head_reader.h: what the two head parsers share: finding the first line, tokenizing the fields, and copying the
// complete head into the exchange's arena, once.
//
// Lives in a parser, which lives in an exchange: an idle connection has none. The bytes of an unfinished head stay with
// the caller, who hands in all of them again, wherever they are by then; only the new ones are read.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/arena.h"
#include "http/body.h"
#include "http/fields.h"
#include "http/h1/framing.h"
#include "http/h1/limits.h"
#include "http/h1/tokenizer.h"
#include "http/rejection.h"

namespace sluice::http::h1 {

class HeadReader {
 public:
  enum class Step : std::uint8_t { need_more, done, refused };

  // The first line without its CR LF, once it is there: first_line(available). At most `max_empty_lines` empty lines
  // before it are skipped; a line of more than `max_line` bytes is refused with `too_long`.
  Step read_line(Bytes available, std::size_t max_empty_lines, std::size_t max_line, Reason too_long);
  Bytes first_line(Bytes available) const { return available.substr(line_from_, line_size_); }

  // The fields behind the line.
  Step read_fields(Bytes available, Arena& arena, const Limits& limits);
  // Bytes up to and with the empty line that ends the head; after read_fields was done.
  std::size_t size() const { return tokenizer_.end(); }

  // What llhttp says to the fields of `head`, in debug builds; true otherwise.
  bool confirmed(Bytes head) const;

  // Shows every field to `facts` and appends it to `fields`, unless its id is in `without`. `head` is the copy of the
  // head: `size()` bytes.
  Reason build_fields(Bytes head, Underscores underscores, std::uint64_t without, Fields& fields,
                      FieldFacts& facts) const;

  Reason reason() const { return reason_; }
  // True once a byte of the head itself has been read.
  bool started() const { return read_ > line_from_; }

 private:
  Step refuse(Reason reason) {
    reason_ = reason;
    return Step::refused;
  }

  FieldTokenizer tokenizer_;
  std::size_t read_ = 0;  // bytes looked at so far
  std::size_t line_from_ = 0;
  std::size_t line_size_ = 0;
  std::size_t empty_lines_ = 0;
  bool has_line_ = false;
  bool has_tokenizer_ = false;
  Reason reason_ = Reason::none;
};

}  // namespace sluice::http::h1
