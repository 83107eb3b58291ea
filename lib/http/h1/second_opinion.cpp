#include "http/h1/second_opinion.h"

#include <llhttp.h>

#include "http/chars.h"

namespace sluice::http::h1 {

static_assert(LLHTTP_VERSION_MAJOR > 9 || (LLHTTP_VERSION_MAJOR == 9 && LLHTTP_VERSION_MINOR >= 3),
              "older releases of llhttp accept folded fields and bare line feeds");

namespace {

struct Reading {
  std::span<const FieldTokenizer::Line> lines;
  const char* buffer;
  std::size_t index = 0;
  bool same = true;
};

Reading& reading_of(llhttp_t* parser) { return *static_cast<Reading*>(parser->data); }

int on_name(llhttp_t* parser, const char* at, std::size_t size) {
  Reading& reading = reading_of(parser);
  if (reading.index == reading.lines.size()) return -1;
  const FieldTokenizer::Line& line = reading.lines[reading.index];
  reading.same = reading.same && at == reading.buffer + line.name && size == line.name_size;
  return HPE_OK;
}

int on_value(llhttp_t* parser, const char* at, std::size_t size) {
  Reading& reading = reading_of(parser);
  const FieldTokenizer::Line& line = reading.lines[reading.index];
  Bytes value = trim_blanks(Bytes(at, size));
  reading.same = reading.same && value == Bytes(reading.buffer + line.value, line.value_size);
  return HPE_OK;
}

int on_value_complete(llhttp_t* parser) {
  ++reading_of(parser).index;
  return HPE_OK;
}

// Stops llhttp before it draws conclusions from what it has read.
int on_end(llhttp_t*) { return HPE_PAUSED; }

}  // namespace

bool llhttp_agrees(Bytes buffer, std::size_t from, std::span<const FieldTokenizer::Line> lines) {
  static constexpr Bytes kFirstLine = "GET / HTTP/1.1\r\n";
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_header_field = on_name;
  settings.on_header_value = on_value;
  settings.on_header_value_complete = on_value_complete;
  settings.on_headers_complete = on_end;
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings);
  Reading reading{lines, buffer.data()};
  parser.data = &reading;
  if (llhttp_execute(&parser, kFirstLine.data(), kFirstLine.size()) != HPE_OK) return false;
  if (llhttp_execute(&parser, buffer.data() + from, buffer.size() - from) != HPE_PAUSED) return false;
  return reading.same && reading.index == lines.size() &&
         llhttp_get_error_pos(&parser) == buffer.data() + buffer.size();
}

}  // namespace sluice::http::h1
