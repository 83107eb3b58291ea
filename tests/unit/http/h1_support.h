// h1_support.h: reads HTTP/1 heads and content in one piece, cut in two at every byte, and byte by byte, and insists
// that the outcome is the same. Buffers move between calls, so that a view into one would be noticed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/h1/body_decoder.h"
#include "http/h1/request_parser.h"
#include "http/h1/response_parser.h"
#include "support/catch.h"
#include "unit/http/describe.h"

namespace sluice::http::h1 {

// Feeds `raw` up to each of `ends`, every time at another address.
template <class Read, class Parse>
std::unique_ptr<Read> feed(std::string_view raw, const std::vector<std::size_t>& ends, Parse parse) {
  auto read = std::make_unique<Read>();
  std::string before;
  for (std::size_t end : ends) {
    std::string buffer(raw.substr(0, end));
    read->result = parse(*read, buffer);
    before = std::string(before.size(), '#');  // nothing may still look at it
    before.swap(buffer);
    if (read->result.state != HeadResult::State::need_more) break;
  }
  return read;
}

// Heads longer than this are not cut at every byte: that would be quadratic, in the test.
inline constexpr std::size_t kCutAtEveryByte = 1500;

template <class Read, class MakeParse>
std::unique_ptr<Read> read_in_all_ways(std::string_view raw, MakeParse make_parse) {
  auto whole = feed<Read>(raw, {raw.size()}, make_parse());
  std::string expected = describe(*whole);
  if (raw.size() <= kCutAtEveryByte) {
    std::vector<std::size_t> every_byte;
    for (std::size_t cut = 1; cut <= raw.size(); ++cut) {
      every_byte.push_back(cut);
      INFO("cut at " << cut);
      CHECK(describe(*feed<Read>(raw, {cut, raw.size()}, make_parse())) == expected);
    }
    CHECK(describe(*feed<Read>(raw, every_byte, make_parse())) == expected);
  }
  return whole;
}

inline std::unique_ptr<ReadRequest> read_request(std::string_view raw, const Limits& limits = Limits()) {
  return read_in_all_ways<ReadRequest>(raw, [&limits] {
    return [&limits, parser = RequestParser()](ReadRequest& read, std::string_view bytes) mutable {
      return parser.parse(bytes, read.arena, read.request, limits);
    };
  });
}

inline std::unique_ptr<ReadResponse> read_response(std::string_view raw, const Question& question = Question(),
                                                   const Limits& limits = Limits()) {
  return read_in_all_ways<ReadResponse>(raw, [&limits, &question] {
    return [&limits, &question, parser = ResponseParser()](ReadResponse& read, std::string_view bytes) mutable {
      return parser.parse(bytes, question, read.response, limits);
    };
  });
}

inline Reason refusal(std::string_view raw, const Limits& limits = Limits()) {
  return read_request(raw, limits)->result.reason;
}

struct ReadContent {
  std::string content;
  std::string trailers;
  std::size_t consumed = 0;
  BodyDecoder::State state = BodyDecoder::State::more;
  Reason reason = Reason::none;
  Reason at_eof = Reason::none;

  bool operator==(const ReadContent&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const ReadContent& read) {
  return out << read.content << " / " << read.trailers << " / " << read.consumed << " " << static_cast<int>(read.state)
             << " " << name_of(read.reason) << " " << name_of(read.at_eof);
}

inline ReadContent decode_in_pieces(std::string_view raw, const Framing& framing, const Limits& limits,
                                    const std::vector<std::size_t>& ends) {
  Arena arena;
  BodyDecoder decoder(framing, arena, limits);
  ReadContent read;
  for (std::size_t end : ends) {
    while (read.state == BodyDecoder::State::more) {
      std::string piece(raw.substr(read.consumed, end - read.consumed));
      BodyDecoder::Piece decoded = decoder.decode(piece);
      read.content.append(decoded.data);
      read.consumed += decoded.consumed;
      read.state = decoded.state;
      read.reason = decoded.reason;
      if (read.consumed == end) break;
    }
  }
  // What came before the fault is the reader's business, and depends on the cuts.
  if (read.state == BodyDecoder::State::refused) read.content.clear();
  if (read.state == BodyDecoder::State::refused) read.consumed = 0;
  if (read.state == BodyDecoder::State::more) read.at_eof = decoder.at_eof();
  if (decoder.trailers() != nullptr) read.trailers = describe(*decoder.trailers());
  return read;
}

inline ReadContent read_content(std::string_view raw, const Framing& framing, const Limits& limits = Limits()) {
  ReadContent whole = decode_in_pieces(raw, framing, limits, {raw.size()});
  if (raw.empty() || raw.size() > kCutAtEveryByte) return whole;
  std::vector<std::size_t> every_byte;
  for (std::size_t cut = 1; cut <= raw.size(); ++cut) {
    every_byte.push_back(cut);
    INFO("cut at " << cut);
    CHECK(decode_in_pieces(raw, framing, limits, {cut, raw.size()}) == whole);
  }
  CHECK(decode_in_pieces(raw, framing, limits, every_byte) == whole);
  return whole;
}

inline ReadContent read_chunked(std::string_view raw, const Limits& limits = Limits()) {
  return read_content(raw, Framing{Framing::Kind::chunked, 0}, limits);
}

}  // namespace sluice::http::h1
