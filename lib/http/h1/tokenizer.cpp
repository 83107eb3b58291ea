#include "http/h1/tokenizer.h"

#include <algorithm>
#include <cstring>

#include "http/chars.h"

namespace sluice::http::h1 {

static std::uint32_t to_offset(const char* from, const char* at) { return static_cast<std::uint32_t>(at - from); }

void FieldTokenizer::start(std::size_t from, Arena& arena, std::uint32_t max_fields) {
  *this = FieldTokenizer();
  arena_ = &arena;
  max_fields_ = max_fields;
  line_ = from;
  scanned_ = from;
}

// field-line = field-name ":" OWS field-value OWS, then CR LF; CR LF alone is the end. No byte is looked at twice, and
// the first bad one decides, so the verdict does not depend on how the bytes were cut into pieces.
FieldTokenizer::State FieldTokenizer::feed(const char* buffer, std::size_t to) {
  const char* end = buffer + to;
  const char* line = buffer + line_;
  const char* colon = colon_ == 0 ? nullptr : buffer + colon_;
  const char* at = buffer + scanned_;
  std::uint8_t seen = seen_;
  while (at < end) {
    if (colon == nullptr) {
      at = end_of_name(at, end, seen);
      if (at == end) break;
      if (*at == ':' && at > line) colon = at++;
    }
    if (colon != nullptr) {
      at = end_of_value(at, end);
      if (at == end) break;
    }
    if (*at != '\r') return refuse(*at == '\n' ? Reason::line_ending : Reason::field_syntax);  // RFC 9112 §2.2
    if (at + 1 == end) break;
    if (at[1] != '\n') return refuse(Reason::line_ending);
    if (at == line) {
      line_ = to_offset(buffer, at + 2);
      return State::done;
    }
    if (colon == nullptr) return refuse(Reason::field_syntax);
    if (count_ == max_fields_) return refuse(Reason::too_many_fields);
    if (count_ == capacity_) grow();
    const char* value = colon + 1;
    const char* value_end = at;
    while (*value == ' ' || *value == '\t') ++value;  // the CR stops it
    while (value_end > value && (value_end[-1] == ' ' || value_end[-1] == '\t')) --value_end;
    lines_[count_++] = Line{to_offset(buffer, line), to_offset(line, colon), to_offset(buffer, value),
                            to_offset(value, value_end), (seen & chars::kUnderscore) != 0};
    at += 2;
    line = at;
    colon = nullptr;
    seen = 0;
  }
  line_ = to_offset(buffer, line);
  colon_ = colon == nullptr ? 0 : to_offset(buffer, colon);
  scanned_ = to_offset(buffer, at);
  seen_ = seen;
  return State::more;
}

void FieldTokenizer::grow() {
  capacity_ = std::min(std::max(24u, capacity_ * 2), max_fields_);
  Line* grown = arena_->array<Line>(capacity_);
  if (count_ != 0) std::memcpy(grown, lines_, count_ * sizeof(Line));
  lines_ = grown;
}

}  // namespace sluice::http::h1
