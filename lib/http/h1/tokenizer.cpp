#include "http/h1/tokenizer.h"

#include <algorithm>
#include <cstring>

#include "http/chars.h"

namespace sluice::http::h1 {

void FieldTokenizer::start(std::size_t from, Arena& arena, std::uint32_t max_fields) {
  *this = FieldTokenizer();
  arena_ = &arena;
  max_fields_ = max_fields;
  line_ = from;
  scanned_ = from;
}

FieldTokenizer::State FieldTokenizer::feed(const char* buffer, std::size_t to) {
  State state = State::more;
  while (state == State::more && scanned_ < to) {
    std::size_t line = line_;
    state = read_line(buffer, to);
    if (line_ == line) break;  // it goes on behind `to`
  }
  return state;
}

// field-line = field-name ":" OWS field-value OWS, then CR LF; or CR LF alone. Moves line_ behind it; or, when the line
// goes on behind `to`, notes in seen_, colon_ and scanned_ how far it has come. No byte is looked at twice, and the
// first bad one decides, so the verdict does not depend on how the bytes were cut into pieces.
FieldTokenizer::State FieldTokenizer::read_line(const char* buffer, std::size_t to) {
  const char* line = buffer + line_;
  const char* end = buffer + to;
  const char* at = buffer + scanned_;
  auto cut_off = [&](const char* scanned) {
    scanned_ = static_cast<std::size_t>(scanned - buffer);
    return State::more;
  };

  if (colon_ == 0) {
    at = end_of_name(at, end, seen_);
    if (at == end) return cut_off(end);
    if (*at == ':' && at > line) {
      colon_ = static_cast<std::size_t>(at - buffer);
      ++at;
    }
  }
  if (colon_ != 0) at = end_of_value(at, end);
  if (at == end) return cut_off(end);
  const char* cr = at;
  if (*cr != '\r') return refuse(*cr == '\n' ? Reason::line_ending : Reason::field_syntax);  // RFC 9112 §2.2
  if (cr + 1 == end) return cut_off(cr);
  if (cr[1] != '\n') return refuse(Reason::line_ending);
  if (colon_ == 0 && cr != line) return refuse(Reason::field_syntax);

  if (cr != line) {
    if (count_ == max_fields_) return refuse(Reason::too_many_fields);
    if (count_ == capacity_) grow();
    const char* value = buffer + colon_ + 1;
    const char* value_end = cr;
    while (*value == ' ' || *value == '\t') ++value;  // the CR stops it
    while (value_end > value && (value_end[-1] == ' ' || value_end[-1] == '\t')) --value_end;
    lines_[count_++] = Line{static_cast<std::uint32_t>(line_), static_cast<std::uint32_t>(colon_ - line_),
                            static_cast<std::uint32_t>(value - buffer), static_cast<std::uint32_t>(value_end - value),
                            (seen_ & chars::kUnderscore) != 0};
  }
  line_ = scanned_ = static_cast<std::size_t>(cr + 2 - buffer);
  colon_ = 0;
  seen_ = 0;
  return cr == line ? State::done : State::more;
}

void FieldTokenizer::grow() {
  capacity_ = std::min(std::max(24u, capacity_ * 2), max_fields_);
  Line* grown = arena_->array<Line>(capacity_);
  if (count_ != 0) std::memcpy(grown, lines_, count_ * sizeof(Line));
  lines_ = grown;
}

}  // namespace sluice::http::h1
