#include "h1_support.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

Reason chunk_refusal(const std::string& raw) {
  ReadContent read = read_chunked(raw);
  CHECK((read.state == BodyDecoder::State::refused) == (read.reason != Reason::none));
  return read.reason;
}

}  // namespace

TEST_CASE("content of known length is counted") {
  ReadContent read = read_content("hello world", Framing{Framing::Kind::length, 5});
  CHECK(read.content == "hello");
  CHECK(read.consumed == 5);
  CHECK(read.state == BodyDecoder::State::end);
  CHECK(read_content("hell", Framing{Framing::Kind::length, 5}).at_eof == Reason::truncated);
}

TEST_CASE("no content is at its end from the start") {
  Arena arena;
  Limits limits;
  for (Framing framing : {Framing{}, Framing{Framing::Kind::length, 0}}) {
    BodyDecoder decoder(framing, arena, limits);
    CHECK(decoder.decode({}).state == BodyDecoder::State::end);
    CHECK(decoder.decode("GET").consumed == 0);
    CHECK(decoder.at_eof() == Reason::none);
  }
}

TEST_CASE("content until the end of the connection is everything") {
  ReadContent read = read_content("0\r\n\r\nhello", Framing{Framing::Kind::until_close, 0});
  CHECK(read.content == "0\r\n\r\nhello");
  CHECK(read.state == BodyDecoder::State::more);
  CHECK(read.at_eof == Reason::none);
}

TEST_CASE("content is lent from the bytes handed in") {
  Arena arena;
  Limits limits;
  BodyDecoder decoder(Framing{Framing::Kind::chunked, 0}, arena, limits);
  std::string_view raw = "5\r\nhello\r\n0\r\n\r\n";
  BodyDecoder::Piece piece = decoder.decode(raw);
  CHECK(piece.data.data() == raw.data() + 3);
  CHECK(piece.data == "hello");
  CHECK(piece.consumed == raw.size());
  CHECK(piece.state == BodyDecoder::State::end);
  CHECK(arena.bytes_reserved() == 0);
}

TEST_CASE("what the kernel moved is not waited for") {
  Arena arena;
  Limits limits;
  BodyDecoder decoder(Framing{Framing::Kind::length, 10}, arena, limits);
  CHECK(decoder.decode("abc").data == "abc");
  CHECK(decoder.remaining() == 7u);
  decoder.skip(5);
  BodyDecoder::Piece piece = decoder.decode("deX");
  CHECK(piece.data == "de");
  CHECK(piece.state == BodyDecoder::State::end);
  BodyDecoder chunked(Framing{Framing::Kind::chunked, 0}, arena, limits);
  CHECK_FALSE(chunked.remaining());
}

TEST_CASE("chunks are joined and what follows them is left alone") {
  std::string raw = "5\r\nhello\r\nA\r\n, chunked \r\n0005\r\nworld\r\n0\r\n\r\n";
  ReadContent read = read_chunked(raw + "GET / HTTP/1.1\r\n");
  CHECK(read.content == "hello, chunked world");
  CHECK(read.consumed == raw.size());
  CHECK(read.state == BodyDecoder::State::end);
  CHECK(read_chunked("0\r\n\r\n").state == BodyDecoder::State::end);
  CHECK(read_chunked("000\r\n\r\n").state == BodyDecoder::State::end);
  CHECK(read_chunked("0000000000000001\r\nx\r\n0\r\n\r\n").content == "x");
}

TEST_CASE("a chunk size is 1 to 16 hexadecimal digits below 2^63, then CR LF") {
  for (std::string size : {"0x5", "+5", "-5", " 5", "5_", "5g", "", "g", "5\x0b", "\xb5", "00000000000000005",
                           "8000000000000000", "ffffffffffffffff", "10000000000000005", "5.", "\"5\""}) {
    INFO(size);
    CHECK(chunk_refusal(size + "\r\nhello\r\n0\r\n\r\n") == Reason::chunk_size);
  }
  CHECK(chunk_refusal(std::string("\0005\r\nhello\r\n0\r\n\r\n", 16)) == Reason::chunk_size);
  CHECK(chunk_refusal("5\nhello\r\n0\r\n\r\n") == Reason::chunk_size);
  CHECK(chunk_refusal("5\rhello\r\n0\r\n\r\n") == Reason::chunk_size);
  CHECK(chunk_refusal("5\r\rhello\r\n0\r\n\r\n") == Reason::chunk_size);
  CHECK(chunk_refusal("0\n\n") == Reason::chunk_size);
  CHECK(read_chunked("7fffffffffffffff\r\nx").at_eof == Reason::truncated);
}

TEST_CASE("the data of a chunk is as long as its size says and ends with CR LF") {
  for (std::string raw : {"5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "4\r\nhello\r\n0\r\n\r\n",
                          "5\r\nhelloXX0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "5\r\nhello\r\r\n0\r\n\r\n"}) {
    CHECK(chunk_refusal(raw) == Reason::chunk_end);
  }
  CHECK(chunk_refusal("6\r\nhello\r\n0\r\n\r\n") == Reason::chunk_end);
  for (std::string raw : {"", "5", "5\r", "5\r\n", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0",
                          "5\r\nhello\r\n0\r\n", "0\r\n\r", "0\r\nX: y\r\n"}) {
    ReadContent read = read_chunked(raw);
    CHECK(read.state == BodyDecoder::State::more);
    CHECK(read.at_eof == Reason::truncated);
  }
}

TEST_CASE("well-formed extensions are dropped") {
  for (std::string extension : {";a", ";a=b", ";a=b;c=\"d;e\\\"\xff\t\";f", " ; a = b ; c", "\t;\ta\t=\t\"\"",
                                ";!#$%&'*+-.^_`|~=~", ";a;a;a"}) {
    INFO(extension);
    ReadContent read = read_chunked("5" + extension + "\r\nhello\r\n0" + extension + "\r\n\r\n");
    CHECK(read.content == "hello");
    CHECK(read.state == BodyDecoder::State::end);
  }
}

TEST_CASE("malformed extensions are refused") {
  for (std::string extension : {";",      ";;a",       ";=b",          ";a=",           ";a==b",  ";a=b c", ";a b",
                                ";a=\"b", ";a=\"b\"c", ";a=\"b\x01\"", ";a=\"\\\x01\"", ";a\x01", ";(",     ";a=\xff",
                                " ",      "\t",        " x",           ";a ",           ";a=b ",  ";a=b;",  ";a,b"}) {
    INFO(extension);
    CHECK(chunk_refusal("5" + extension + "\r\nhello\r\n0\r\n\r\n") == Reason::chunk_extension);
  }
  CHECK(chunk_refusal("5;a\nb\r\nhello\r\n0\r\n\r\n") == Reason::chunk_extension);
  CHECK(chunk_refusal("5;a\rb\r\nhello\r\n0\r\n\r\n") == Reason::chunk_size);
  CHECK(chunk_refusal(std::string("5;a\0\r\nhello\r\n0\r\n\r\n", 19)) == Reason::chunk_extension);
}

TEST_CASE("extensions are bounded for each chunk and for the message") {
  auto chunk = [](std::size_t extension, const std::string& data) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx", data.size());
    return size + (";" + std::string(extension - 1, 'a')) + "\r\n" + data + "\r\n";
  };
  CHECK(read_chunked(chunk(4096, "hello") + "0\r\n\r\n").content == "hello");
  CHECK(chunk_refusal(chunk(4097, "hello") + "0\r\n\r\n") == Reason::chunk_extension);
  std::string many;
  for (int i = 0; i < 65; ++i) many += chunk(1020, "x");
  CHECK(chunk_refusal(many) == Reason::chunk_extension);
  // An eighth of the content comes on top.
  many.clear();
  for (int i = 0; i < 400; ++i) many += chunk(250, std::string(2000, 'x'));
  CHECK(read_chunked(many + "0\r\n\r\n").content.size() == 800000);
}

TEST_CASE("trailers are kept if they are safe, never merged, and otherwise dropped") {
  ReadContent read = read_chunked(
      "1\r\nx\r\n0\r\nGrpc-Status: 0\r\nContent-Length: 5\r\nX-Forwarded-For: 6.6.6.6\r\nX-T: \t a b \r\n\r\nrest");
  CHECK(read.state == BodyDecoder::State::end);
  CHECK(read.trailers == "Grpc-Status=0\nX-T=a b\n");
  ReadContent dropped = read_chunked("0\r\nHost: evil.test\r\n\r\n");
  CHECK(dropped.state == BodyDecoder::State::end);
  CHECK(dropped.trailers.empty());
}

TEST_CASE("trailers have the syntax and the limits of a head") {
  for (std::string trailer : {"Bad Name: x\r\n\r\n", "nonsense\r\n\r\n", "X: a\r\n b\r\n\r\n", "X: a\n\r\n\r\n",
                              " X: a\r\n\r\n", ": a\r\n\r\n", "X: a\x01\r\n\r\n", "\rX", "X: a\r\n\rX"}) {
    INFO(trailer);
    CHECK(chunk_refusal("1\r\nx\r\n0\r\n" + trailer) == Reason::trailer_syntax);
  }
  Limits limits;
  limits.max_fields = 3;
  limits.max_header_bytes = 100;
  CHECK(read_chunked("0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits).state == BodyDecoder::State::end);
  CHECK(read_chunked("0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", limits).reason == Reason::trailer_too_large);
  CHECK(read_chunked("0\r\nA: " + std::string(93, 'x') + "\r\n\r\n", limits).state == BodyDecoder::State::end);
  CHECK(read_chunked("0\r\nA: " + std::string(94, 'x') + "\r\n\r\n", limits).reason == Reason::trailer_too_large);
  CHECK(read_chunked("0\r\nA: " + std::string(95, 'x') + "\r\n", limits).reason == Reason::trailer_too_large);
}
