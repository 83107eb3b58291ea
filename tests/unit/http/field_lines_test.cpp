#include "h1_support.h"
#include "http/chars.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

const std::string kLine = "GET /g HTTP/1.1\r\nHost: case.test\r\n";
Reason fields_refusal(const std::string& fields) { return refusal(kLine + fields + "\r\n"); }
std::string fields_of(const std::string& fields) {
  auto read = read_request(kLine + fields + "\r\n");
  REQUIRE(read->result.state == HeadResult::State::done);
  return describe(read->request.fields);
}

}  // namespace

TEST_CASE("only CR LF ends a line") {
  CHECK(refusal("GET /g HTTP/1.1\nHost: case.test\r\n\r\n") == Reason::line_ending);
  CHECK(refusal("GET /g HTTP/1.1\r\nHost: case.test\n\n") == Reason::line_ending);
  CHECK(refusal("GET /g HTTP/1.1\r\nHost: case.test\r\n\n") == Reason::line_ending);
  CHECK(fields_refusal("A: b\nC: d\r\n") == Reason::line_ending);
  CHECK(fields_refusal("A: b\rC: d\r\n") == Reason::line_ending);
  CHECK(fields_refusal("A: b\r\r\n") == Reason::line_ending);
  CHECK(fields_refusal("A\r\r\n") == Reason::line_ending);
  CHECK(fields_refusal("A\n") == Reason::line_ending);
  CHECK(refusal(kLine + "\rX") == Reason::line_ending);
  CHECK(refusal(kLine + "A: b\r\n\rX: y\r\n\r\n") == Reason::line_ending);
}

TEST_CASE("control bytes have no place in a value, other bytes have") {
  for (int byte = 1; byte < 256; ++byte) {
    std::string line = "A: b" + std::string(1, static_cast<char>(byte)) + "c\r\n";
    bool fine = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    INFO(byte);
    if (fine) {
      CHECK(fields_of(line) == "A=b" + line.substr(4, 2) + "\n");
    } else {
      CHECK(fields_refusal(line) == (byte == '\r' || byte == '\n' ? Reason::line_ending : Reason::field_syntax));
    }
  }
  CHECK(fields_refusal(std::string("A: b\0c\r\n", 8)) == Reason::field_syntax);
}

TEST_CASE("a name is a token right before the colon") {
  for (int byte = 1; byte < 256; ++byte) {
    char c = static_cast<char>(byte);
    if (c == ':' || c == '\r' || c == '\n') continue;
    INFO(byte);
    CHECK((fields_refusal("X" + std::string(1, c) + "Y: a\r\n") == Reason::none) == is_token(std::string(1, c)));
  }
  CHECK(fields_refusal(std::string("X\0Y: a\r\n", 8)) == Reason::field_syntax);
  for (std::string line : {"X : a\r\n", "X\t: a\r\n", " X: a\r\n", "nonsense\r\n", ": a\r\n", ":\r\n", "X Y: a\r\n"}) {
    CHECK(fields_refusal(line) == Reason::field_syntax);
  }
}

TEST_CASE("a folded line is refused, and so are blanks before the first field") {
  CHECK(fields_refusal("X: a\r\n b\r\n") == Reason::field_syntax);
  CHECK(fields_refusal("X: a\r\n\tb: c\r\n") == Reason::field_syntax);
  CHECK(fields_refusal("X:\r\n a\r\n") == Reason::field_syntax);
  CHECK(fields_refusal("X: a\r\n \r\n") == Reason::field_syntax);
  CHECK(refusal("GET /g HTTP/1.1\r\n Host: case.test\r\n\r\n") == Reason::field_syntax);
}

TEST_CASE("blanks around a value are no part of it") {
  CHECK(fields_of("A:b\r\nC: \t d e\t \r\nF:\r\nG: \t\r\n") == "A=b\nC=d e\nF=\nG=\n");
  CHECK(fields_of("A: b: c\r\n") == "A=b: c\n");
}

TEST_CASE("a head may have a hundred fields, or as many as the option says") {
  auto with_fields = [](int count) {
    std::string raw = kLine;
    for (int i = 1; i < count; ++i) raw += "X-" + std::to_string(i) + ": v\r\n";
    return raw + "\r\n";
  };
  CHECK(refusal(with_fields(100)) == Reason::none);
  CHECK(refusal(with_fields(101)) == Reason::too_many_fields);
  Limits limits;
  limits.max_fields = 1000;
  CHECK(refusal(with_fields(1000), limits) == Reason::none);
  CHECK(refusal(with_fields(1001), limits) == Reason::too_many_fields);
  CHECK(status_of(Reason::too_many_fields) == 431);
}

TEST_CASE("a head may have 64 KiB, or as much as the option says") {
  auto with_size = [](std::size_t size) {
    std::string raw = kLine + "X: ";
    return raw + std::string(size - raw.size() - 4, 'v') + "\r\n\r\n";
  };
  auto longest = read_request(with_size(65536));
  CHECK(longest->result.consumed == 65536);
  CHECK(refusal(with_size(65537)) == Reason::head_too_large);
  CHECK(refusal(kLine + "X: " + std::string(70000, 'v')) == Reason::head_too_large);
  CHECK(status_of(Reason::head_too_large) == 431);
  Limits limits;
  limits.max_header_bytes = 200;
  CHECK(refusal(with_size(200), limits) == Reason::none);
  CHECK(refusal(with_size(201), limits) == Reason::head_too_large);
  CHECK(refusal("GET /" + std::string(300, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits) == Reason::head_too_large);
}

TEST_CASE("what follows the head belongs to somebody else") {
  std::string first = kLine + "\r\n";
  auto read = read_request(first + "GET /second HTTP/1.1\r\nHost: case.test\r\n\r\n");
  CHECK(read->result.consumed == first.size());
  auto with_garbage = read_request(first + "\n\n\x01");
  CHECK(with_garbage->result.consumed == first.size());
}

TEST_CASE("pipelined requests are read one after the other") {
  std::string raw =
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\nabc"
      "\r\nGET /3 HTTP/1.1\r\nHost: c\r\n\r\n";
  std::string_view rest = raw;
  std::string seen;
  for (int i = 0; i < 3; ++i) {
    auto read = read_request(rest);
    REQUIRE(read->result.state == HeadResult::State::done);
    seen.append(read->request.target.path).append(read->request.host);
    rest.remove_prefix(read->result.consumed);
    ReadContent content = decode_in_pieces(rest, read->result.framing, Limits(), {rest.size()});
    CHECK(content.state == BodyDecoder::State::end);
    seen.append(content.content);
    rest.remove_prefix(content.consumed);
  }
  CHECK(seen == "/1a/2babc/3c");
  CHECK(rest.empty());
}

TEST_CASE("a head that comes byte by byte is looked at once") {
  // Were every call to begin anew, these 60 KiB would be 1.8 billion bytes, and the test would not end.
  std::string raw = kLine;
  while (raw.size() < 60000) raw += "X-Some-Name: " + std::string(2000, 'v') + "\r\n";
  raw += "\r\n";
  Arena arena;
  Peer peer;
  Request request(arena, peer);
  RequestParser parser;
  Limits limits;
  HeadResult result;
  for (std::size_t end = 1; end <= raw.size(); ++end) {
    REQUIRE(result.state == HeadResult::State::need_more);
    result = parser.parse(std::string_view(raw).substr(0, end), arena, request, limits);
  }
  CHECK(result.state == HeadResult::State::done);
}

TEST_CASE("a parser is small enough to live in every exchange") { CHECK(sizeof(RequestParser) <= 160); }
