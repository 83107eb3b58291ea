#include "http/h1/tokenizer.h"

#include <llhttp.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/result.h"

namespace sluice::http::h1 {

static_assert(LLHTTP_VERSION_MAJOR > 9 || (LLHTTP_VERSION_MAJOR == 9 && LLHTTP_VERSION_MINOR >= 3),
              "older releases of llhttp accept folded fields and bare line feeds");

namespace {

FieldTokenizer& self(llhttp_t* parser) { return *static_cast<FieldTokenizer*>(parser->data); }

}  // namespace

struct FieldTokenizer::Callbacks {
  static std::uint32_t offset(FieldTokenizer& tokenizer, const char* at) {
    return static_cast<std::uint32_t>(at - tokenizer.buffer_);
  }

  // A name or value that is cut by the end of the input comes in pieces that adjoin.
  static int on_name(llhttp_t* parser, const char* at, std::size_t size) {
    FieldTokenizer& tokenizer = self(parser);
    std::uint32_t from = offset(tokenizer, at);
    if (tokenizer.count_ != 0) {
      Line& last = tokenizer.lines_[tokenizer.count_ - 1];
      if (last.name + last.name_size == from) {
        last.name_size += static_cast<std::uint32_t>(size);
        return HPE_OK;
      }
    }
    if (!tokenizer.begin_line(from)) return -1;
    tokenizer.lines_[tokenizer.count_ - 1].name_size = static_cast<std::uint32_t>(size);
    return HPE_OK;
  }

  static int on_value(llhttp_t* parser, const char* at, std::size_t size) {
    FieldTokenizer& tokenizer = self(parser);
    Line& last = tokenizer.lines_[tokenizer.count_ - 1];
    std::uint32_t from = offset(tokenizer, at);
    if (last.value == 0) last.value = from;
    last.value_size = from + static_cast<std::uint32_t>(size) - last.value;
    return HPE_OK;
  }

  // Stops llhttp before it draws conclusions from what it has read.
  static int on_end(llhttp_t*) { return HPE_PAUSED; }

  // A parser that has read a request line and waits for the first field. Copying it costs less than feeding one.
  static llhttp_t make_waiting(const llhttp_settings_t& settings) {
    static constexpr char kLine[] = "GET / HTTP/1.1\r\n";
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    SLUICE_CHECK(llhttp_execute(&parser, kLine, sizeof kLine - 1) == HPE_OK);
    return parser;
  }

  static const llhttp_t& waiting() {
    static const llhttp_settings_t settings = [] {
      llhttp_settings_t callbacks;
      llhttp_settings_init(&callbacks);
      callbacks.on_header_field = on_name;
      callbacks.on_header_value = on_value;
      callbacks.on_headers_complete = on_end;
      return callbacks;
    }();
    static const llhttp_t parser = make_waiting(settings);
    return parser;
  }

  static Reason reason_of(const llhttp_t& parser) {
    switch (llhttp_get_errno(&parser)) {
      case HPE_STRICT:
      case HPE_LF_EXPECTED:
      case HPE_CR_EXPECTED: return Reason::line_ending;
      case HPE_INVALID_CONTENT_LENGTH: return Reason::length_invalid;
      case HPE_UNEXPECTED_CONTENT_LENGTH:
        return (parser.flags & F_TRANSFER_ENCODING) != 0 ? Reason::length_and_encoding : Reason::length_repeated;
      case HPE_INVALID_TRANSFER_ENCODING:
        return (parser.flags & F_CONTENT_LENGTH) != 0 ? Reason::length_and_encoding : Reason::encoding_invalid;
      default: return Reason::field_syntax;
    }
  }
};

void FieldTokenizer::start(Arena& arena, std::uint32_t max_fields) {
  static_assert(sizeof(llhttp_t) <= sizeof parser_ && alignof(llhttp_t) <= alignof(std::max_align_t));
  ::new (static_cast<void*>(parser_)) llhttp_t(Callbacks::waiting());
  arena_ = &arena;
  max_fields_ = max_fields;
  lines_ = nullptr;
  count_ = 0;
  capacity_ = 0;
  reason_ = Reason::none;
}

bool FieldTokenizer::begin_line(std::uint32_t at) {
  if (count_ == max_fields_) {
    reason_ = Reason::too_many_fields;
    return false;
  }
  if (count_ == capacity_) {
    std::uint32_t capacity = std::min(std::max(24u, capacity_ * 2), max_fields_);
    Line* grown = arena_->array<Line>(capacity);
    if (count_ != 0) std::memcpy(grown, lines_, count_ * sizeof(Line));
    lines_ = grown;
    capacity_ = capacity;
  }
  lines_[count_++] = Line{at, 0, 0, 0};
  return true;
}

FieldTokenizer::State FieldTokenizer::feed(const char* buffer, std::size_t from, std::size_t to) {
  auto* parser = std::launder(reinterpret_cast<llhttp_t*>(parser_));
  parser->data = this;
  buffer_ = buffer;
  llhttp_errno_t error = llhttp_execute(parser, buffer + from, to - from);
  if (error == HPE_OK) return State::more;
  if (error == HPE_PAUSED) {
    end_ = static_cast<std::size_t>(llhttp_get_error_pos(parser) - buffer);
    return State::done;
  }
  if (reason_ == Reason::none) reason_ = Callbacks::reason_of(*parser);
  return State::refused;
}

}  // namespace sluice::http::h1
