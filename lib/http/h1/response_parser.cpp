#include "http/h1/response_parser.h"

#include "base/text.h"
#include "http/chars.h"

namespace sluice::http::h1 {

namespace {

// "HTTP/1.1 200 OK" (RFC 9112 §4). The phrase may be missing, and then many servers leave out the space as well.
bool read_status_line(std::string_view line, Response& response) {
  constexpr std::size_t kStatusEnd = 12;
  if (line.size() < kStatusEnd || !(line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 "))) return false;
  unsigned status = 0;
  for (char c : line.substr(9, 3)) {
    if (!is_digit(c)) return false;
    status = status * 10 + static_cast<unsigned>(c - '0');
  }
  if (status < 100) return false;
  if (line.size() > kStatusEnd && line[kStatusEnd] != ' ') return false;
  if (!is_field_value(line.substr(kStatusEnd))) return false;
  response.version = line[7] == '1' ? Version::http11 : Version::http10;
  response.status = static_cast<std::uint16_t>(status);
  return true;
}

}  // namespace

HeadResult ResponseParser::parse(Bytes available, const Question& question, Response& response, const Limits& limits) {
  HeadResult result;
  auto refuse = [&](Reason reason) {
    result.state = HeadResult::State::refused;
    result.reason = reason;
    return result;
  };
  if (!has_line_) {
    HeadReader::Step step = reader_.read_line(available, 0, limits.max_header_bytes, Reason::head_too_large);
    if (step == HeadReader::Step::need_more) return result;
    if (step == HeadReader::Step::refused) return refuse(reader_.reason());
    if (!read_status_line(reader_.first_line(available), response)) return refuse(Reason::status_line);
    has_line_ = true;
  }
  Arena& arena = response.fields.arena();
  HeadReader::Step step = reader_.read_fields(available, arena, limits);
  if (step == HeadReader::Step::need_more) return result;
  if (step == HeadReader::Step::refused) return refuse(reader_.reason());

  std::string_view head = arena.copy(available.substr(0, reader_.size()));
  FieldFacts facts;
  Reason reason = reader_.build_fields(head, Underscores::keep, 0, response.fields, facts);
  if (reason == Reason::none) reason = decide_response(facts, question, response, result);
  if (reason != Reason::none) return refuse(reason);
  SLUICE_CHECK(reader_.confirmed(head));
  result.state = HeadResult::State::done;
  result.consumed = reader_.size();
  return result;
}

}  // namespace sluice::http::h1
