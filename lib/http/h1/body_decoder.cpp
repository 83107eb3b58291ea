#include "http/h1/body_decoder.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"
#include "base/text.h"
#include "http/chars.h"
#include "http/h1/tokenizer.h"
#include "http/trailers.h"

namespace sluice::http::h1 {

namespace {

constexpr std::uint8_t kMaxSizeDigits = 16;
constexpr std::uint64_t kMaxChunk = std::uint64_t{1} << 63;
// Extensions carry nothing anybody uses; without a bound a peer could send them instead of content for ever.
constexpr std::uint32_t kMaxLineExtension = 4 * 1024;
constexpr std::uint64_t kFreeExtensions = 64 * 1024;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

// Where in a chunked message the next byte belongs: the productions of RFC 9112 §7.1.
enum class BodyDecoder::Step : std::uint8_t {
  size,              // hexadecimal digits
  before_semicolon,  // blanks in front of an extension
  before_name,       // blanks behind ';'
  name,
  after_name,    // blanks behind the name
  before_value,  // blanks behind '='
  value,
  quoted,
  quoted_pair,
  after_quoted,
  size_lf,
  data,
  data_cr,
  data_lf,
  trailer_start,  // CR ends the message, anything else begins a trailer field
  trailers,
  end_lf,
  end,
};

struct BodyDecoder::TrailerSection {
  FieldTokenizer tokenizer;
  char* bytes = nullptr;
  std::size_t size = 0;
  std::size_t capacity = 0;
};

BodyDecoder::BodyDecoder(const Framing& framing, Arena& arena, const Limits& limits)
    : arena_(&arena), limits_(&limits), kind_(framing.kind), step_(Step::size), left_(framing.length) {
  if (kind_ == Framing::Kind::chunked) left_ = 0;
}

BodyDecoder::Piece BodyDecoder::decode(Bytes in) {
  switch (kind_) {
    case Framing::Kind::chunked: return decode_chunked(in);
    case Framing::Kind::until_close: return Piece{in.size(), in, State::more, Reason::none};
    case Framing::Kind::none:
    case Framing::Kind::length: break;
  }
  Bytes data = in.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), left_)));
  left_ -= data.size();
  return Piece{data.size(), data, left_ == 0 ? State::end : State::more, Reason::none};
}

BodyDecoder::Piece BodyDecoder::decode_chunked(Bytes in) {
  Piece piece;
  std::size_t at = 0;
  while (at < in.size() && step_ != Step::end) {
    if (step_ == Step::data) {
      if (!piece.data.empty()) break;  // one piece per call
      piece.data = in.substr(at, static_cast<std::size_t>(std::min<std::uint64_t>(in.size() - at, left_)));
      at += piece.data.size();
      content_ += piece.data.size();
      left_ -= piece.data.size();
      if (left_ == 0) step_ = Step::data_cr;
    } else if (step_ == Step::trailers) {
      std::size_t consumed = 0;
      piece.reason = take_trailers(in.substr(at), consumed);
      at += consumed;
    } else {
      piece.reason = take_control_byte(in[at]);
      if (step_ != Step::trailers) ++at;  // the first byte of a trailer field is taken with the rest of it
    }
    if (piece.reason != Reason::none) {
      piece.state = State::refused;
      break;
    }
  }
  piece.consumed = at;
  if (step_ == Step::end) piece.state = State::end;
  return piece;
}

Reason BodyDecoder::count_extension_byte() {
  ++extensions_;
  if (++line_extension_ > kMaxLineExtension) return Reason::chunk_extension;
  return extensions_ > kFreeExtensions + content_ / 8 ? Reason::chunk_extension : Reason::none;
}

// One byte of a chunk's line, its end or the end of the message.
Reason BodyDecoder::take_control_byte(char c) {
  bool token = chars::is(c, chars::kToken);
  switch (step_) {
    case Step::size:
      if (int digit = hex_digit(c); digit >= 0) {
        if (++digits_ > kMaxSizeDigits) return Reason::chunk_size;
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return left_ < kMaxChunk ? Reason::none : Reason::chunk_size;
      }
      if (digits_ == 0 || !(c == '\r' || c == ';' || is_blank(c))) return Reason::chunk_size;
      step_ = c == '\r' ? Step::size_lf : c == ';' ? Step::before_name : Step::before_semicolon;
      break;
    case Step::before_semicolon:
      if (c == ';') {
        step_ = Step::before_name;
      } else if (!is_blank(c)) {
        return Reason::chunk_extension;
      }
      break;
    case Step::before_name:
      if (token) {
        step_ = Step::name;
      } else if (!is_blank(c)) {
        return Reason::chunk_extension;
      }
      break;
    case Step::name:
      if (token) break;
      [[fallthrough]];
    case Step::after_name:
      if (c == '=') {
        step_ = Step::before_value;
      } else if (c == ';') {
        step_ = Step::before_name;
      } else if (is_blank(c)) {
        step_ = Step::after_name;
      } else if (c == '\r' && step_ == Step::name) {
        step_ = Step::size_lf;
      } else {
        return Reason::chunk_extension;
      }
      break;
    case Step::before_value:
      if (token || c == '"') {
        step_ = token ? Step::value : Step::quoted;
      } else if (!is_blank(c)) {
        return Reason::chunk_extension;
      }
      break;
    case Step::value:
      if (token) break;
      [[fallthrough]];
    case Step::after_quoted:
      if (c != ';' && c != '\r' && !is_blank(c)) return Reason::chunk_extension;
      step_ = c == ';' ? Step::before_name : c == '\r' ? Step::size_lf : Step::before_semicolon;
      break;
    case Step::quoted:
      if (!chars::is(c, chars::kValue)) return Reason::chunk_extension;
      if (c == '"') step_ = Step::after_quoted;
      if (c == '\\') step_ = Step::quoted_pair;
      break;
    case Step::quoted_pair:
      if (!chars::is(c, chars::kValue)) return Reason::chunk_extension;
      step_ = Step::quoted;
      break;
    case Step::size_lf:
      if (c != '\n') return Reason::chunk_size;
      step_ = left_ == 0 ? Step::trailer_start : Step::data;
      digits_ = 0;
      line_extension_ = 0;
      return Reason::none;
    case Step::data_cr: step_ = Step::data_lf; return c == '\r' ? Reason::none : Reason::chunk_end;
    case Step::data_lf: step_ = Step::size; return c == '\n' ? Reason::none : Reason::chunk_end;
    case Step::trailer_start: step_ = c == '\r' ? Step::end_lf : Step::trailers; return Reason::none;
    case Step::end_lf:
      if (c != '\n') return Reason::trailer_syntax;
      step_ = Step::end;
      return Reason::none;
    case Step::data:
    case Step::trailers:
    case Step::end: break;  // not reached: these are no control bytes
  }
  return step_ == Step::size_lf ? Reason::none : count_extension_byte();
}

Reason BodyDecoder::take_trailers(Bytes in, std::size_t& consumed) {
  if (section_ == nullptr) {
    section_ = arena_->make<TrailerSection>();
    section_->tokenizer.start(0, *arena_, limits_->max_fields);
  }
  TrailerSection& section = *section_;
  std::size_t before = section.size;
  std::size_t take = std::min(in.size(), limits_->max_header_bytes - before);
  if (before + take > section.capacity) {
    section.capacity = std::max<std::size_t>(section.capacity * 2, before + take);
    char* grown = arena_->array<char>(section.capacity);
    if (before != 0) std::memcpy(grown, section.bytes, before);
    section.bytes = grown;
  }
  std::memcpy(section.bytes + before, in.data(), take);
  section.size += take;
  consumed = take;
  switch (section.tokenizer.feed(section.bytes, section.size)) {
    case FieldTokenizer::State::more:
      return section.size == limits_->max_header_bytes ? Reason::trailer_too_large : Reason::none;
    case FieldTokenizer::State::refused:
      return section.tokenizer.reason() == Reason::too_many_fields ? Reason::trailer_too_large : Reason::trailer_syntax;
    case FieldTokenizer::State::done: break;
  }
  consumed = section.tokenizer.end() - before;
  keep_safe_trailers();
  step_ = Step::end;
  return Reason::none;
}

void BodyDecoder::keep_safe_trailers() {
  auto* fields = arena_->make<Fields>(*arena_);
  Bytes bytes(section_->bytes, section_->size);
  for (const FieldTokenizer::Line& line : section_->tokenizer.lines()) {
    Field field;
    field.name = bytes.substr(line.name, line.name_size);
    field.value = bytes.substr(line.value, line.value_size);
    field.id = field_id(field.name);
    if (may_be_trailer(field)) fields->add(field);
  }
  if (!fields->empty()) trailers_ = fields;
}

Reason BodyDecoder::at_eof() const {
  switch (kind_) {
    case Framing::Kind::until_close: return Reason::none;
    case Framing::Kind::chunked: return step_ == Step::end ? Reason::none : Reason::truncated;
    case Framing::Kind::none:
    case Framing::Kind::length: break;
  }
  return left_ == 0 ? Reason::none : Reason::truncated;
}

std::optional<std::uint64_t> BodyDecoder::remaining() const {
  if (kind_ == Framing::Kind::none || kind_ == Framing::Kind::length) return left_;
  return std::nullopt;
}

void BodyDecoder::skip(std::uint64_t bytes) {
  SLUICE_CHECK(kind_ == Framing::Kind::length && bytes <= left_);
  left_ -= bytes;
}

}  // namespace sluice::http::h1
