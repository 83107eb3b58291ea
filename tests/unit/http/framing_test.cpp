#include "h1_support.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

std::string post(const std::string& fields, const std::string& version = "1.1") {
  return "POST /p HTTP/" + version + "\r\nHost: case.test\r\n" + fields + "\r\n";
}
std::string get(const std::string& fields, const std::string& version = "1.1") {
  return "GET /g HTTP/" + version + "\r\nHost: case.test\r\n" + fields + "\r\n";
}
Framing framing_of(const std::string& raw) {
  auto read = read_request(raw);
  REQUIRE(read->result.state == HeadResult::State::done);
  return read->result.framing;
}

}  // namespace

TEST_CASE("a request has content by Content-Length, by chunked, or none") {
  CHECK(framing_of(post("")) == Framing{Framing::Kind::none, 0});
  CHECK(framing_of(post("Content-Length: 0\r\n")) == Framing{Framing::Kind::length, 0});
  CHECK(framing_of(post("Content-Length: 5\r\n")) == Framing{Framing::Kind::length, 5});
  CHECK(framing_of(post("content-length:\t 5 \t\r\n")) == Framing{Framing::Kind::length, 5});
  CHECK(framing_of(post("Content-Length: 0005\r\n")) == Framing{Framing::Kind::length, 5});
  CHECK(framing_of(post("Content-Length: 999999999999999999\r\n")) ==
        Framing{Framing::Kind::length, 999999999999999999u});
  CHECK(framing_of(post("Transfer-Encoding: chunked\r\n")) == Framing{Framing::Kind::chunked, 0});
  CHECK(framing_of(post("tRANSFER-eNCODING: Chunked \t\r\n")) == Framing{Framing::Kind::chunked, 0});
  CHECK(framing_of(get("Content-Length: 5\r\n")) == Framing{Framing::Kind::length, 5});
}

TEST_CASE("Content-Length beside Transfer-Encoding is refused in both orders") {
  CHECK(refusal(post("Content-Length: 48\r\nTransfer-Encoding: chunked\r\n")) == Reason::length_and_encoding);
  CHECK(refusal(post("Transfer-Encoding: chunked\r\nContent-Length: 48\r\n")) == Reason::length_and_encoding);
  CHECK(refusal(post("Transfer-Encoding: gzip\r\nContent-Length: x\r\n")) == Reason::length_and_encoding);
}

TEST_CASE("a repeated Content-Length is refused even when both agree") {
  CHECK(refusal(post("Content-Length: 5\r\nContent-Length: 5\r\n")) == Reason::length_repeated);
  CHECK(refusal(post("Content-Length: 5\r\ncontent-length: 6\r\n")) == Reason::length_repeated);
  CHECK(refusal(post("Content-Length: \r\nContent-Length: 6\r\n")) == Reason::length_repeated);
}

TEST_CASE("Content-Length is a plain number of at most 18 digits") {
  for (std::string value : {"",
                            " ",
                            "5, 5",
                            "5,5",
                            "+5",
                            "-5",
                            "-0",
                            "5 5",
                            "5\t5",
                            "5_0",
                            "5;",
                            "0x5",
                            "5h",
                            "5.0",
                            "1e1",
                            "\"5\"",
                            "five",
                            "\xb2",
                            "1000000000000000000",
                            "9223372036854775808",
                            "18446744073709551621",
                            "0000000000000000005"}) {
    INFO(value);
    CHECK(refusal(post("Content-Length: " + value + "\r\n")) == Reason::length_invalid);
  }
}

TEST_CASE("Transfer-Encoding is exactly one chunked") {
  for (std::string value : {"gzip", "identity", "xchunked", "chunkedx", "gzip, chunked", "deflate, gzip"}) {
    INFO(value);
    CHECK(refusal(post("Transfer-Encoding: " + value + "\r\n")) == Reason::encoding_unknown);
  }
  CHECK(status_of(Reason::encoding_unknown) == 501);
  for (std::string value :
       {"", " ", "chunked, gzip", "chunked, chunked", "chunked;q=1", "chunked;", ", chunked", "chunked,", ",",
        "\"chunked\"", "chun ked", "chunked chunked", "chunked\xa0", "gzip,, chunked", "gzip, chunked, x"}) {
    INFO(value);
    CHECK(refusal(post("Transfer-Encoding: " + value + "\r\n")) == Reason::encoding_invalid);
  }
  CHECK(refusal(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) == Reason::encoding_invalid);
  CHECK(refusal(post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n")) == Reason::encoding_invalid);
  CHECK(refusal(post("Transfer-Encoding: chunked\r\n", "1.0")) == Reason::encoding_in_http10);
}

TEST_CASE("a name that becomes a framing field when its underscores are dashes is refused") {
  for (std::string name : {"Content_Length", "transfer_encoding", "TRANSFER_encoding", "content_length"}) {
    CHECK(refusal(post(name + ": 5\r\n")) == Reason::field_alias);
  }
  CHECK(refusal(post("Content-Type_: x\r\n")) == Reason::none);
}

TEST_CASE("other fields with underscores are kept, removed or refused, as the option says") {
  std::string raw = get("X_A: 1\r\nX-B: 2\r\n_: 3\r\n");
  CHECK(describe(read_request(raw)->request.fields) == "X_A=1\nX-B=2\n_=3\n");
  Limits limits;
  limits.underscores = Underscores::remove;
  CHECK(describe(read_request(raw, limits)->request.fields) == "X-B=2\n");
  CHECK(refusal(post("Content_Length: 5\r\n"), limits) == Reason::field_alias);
  limits.underscores = Underscores::reject;
  CHECK(refusal(raw, limits) == Reason::field_underscore);
  CHECK(refusal(get("X-B: a_b\r\n"), limits) == Reason::none);
}

TEST_CASE("HTTP/1.0 requests that take no content are refused with it") {
  for (std::string method : {"GET", "HEAD", "DELETE"}) {
    CHECK(refusal(method + " / HTTP/1.0\r\nContent-Length: 5\r\n\r\n") == Reason::content_in_http10);
    CHECK(refusal(method + " / HTTP/1.0\r\nContent-Length: 0\r\n\r\n") == Reason::none);
    CHECK(refusal(method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n") == Reason::none);
  }
  CHECK(refusal(post("Content-Length: 5\r\n", "1.0")) == Reason::none);
}

TEST_CASE("a connection lives on by default in HTTP/1.1 and when asked for in HTTP/1.0") {
  auto keeps = [](const std::string& raw) { return read_request(raw)->result.keep_alive; };
  CHECK(keeps(get("")));
  CHECK(keeps(get("Connection: keep-alive\r\n")));
  CHECK_FALSE(keeps(get("Connection: close\r\n")));
  CHECK_FALSE(keeps(get("Connection: CLOSE\t\r\n")));
  CHECK_FALSE(keeps(get("Connection: keep-alive, close\r\n")));
  CHECK_FALSE(keeps(get("Connection: x\r\nConnection: Close\r\n")));
  CHECK(keeps(get("Connection: closed\r\n")));
  CHECK_FALSE(keeps(get("", "1.0")));
  CHECK(keeps(get("Connection: Keep-Alive\r\n", "1.0")));
  CHECK_FALSE(keeps(get("Connection: keep-alive, close\r\n", "1.0")));
}

TEST_CASE("a flood of connection options is refused") {
  std::string options = "a";
  for (int i = 0; i < 63; ++i) options += ",a";
  CHECK(refusal(get("Connection: " + options + "\r\n")) == Reason::none);
  CHECK(refusal(get("Connection: " + options + ",a\r\n")) == Reason::connection_options);
  CHECK(refusal(get("Connection: " + options + "\r\nConnection: a\r\n")) == Reason::connection_options);
}

TEST_CASE("100-continue is the only expectation, and only content can be waited for") {
  auto waits = [](const std::string& raw) { return read_request(raw)->result.expect_continue; };
  CHECK(waits(post("Content-Length: 5\r\nExpect: 100-continue\r\n")));
  CHECK(waits(post("Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n")));
  CHECK_FALSE(waits(post("Expect: 100-continue\r\n")));
  CHECK_FALSE(waits(post("Content-Length: 0\r\nExpect: 100-continue\r\n")));
  CHECK_FALSE(waits(post("Content-Length: 5\r\nExpect: 100-continue\r\n", "1.0")));
  CHECK_FALSE(waits(post("Content-Length: 5\r\n")));
  for (std::string value :
       {"", "y 100-continue", "100-continue, 100-continue", "100-continue;x", "200-ok", "100-continued"}) {
    CHECK(refusal(post("Content-Length: 5\r\nExpect: " + value + "\r\n")) == Reason::expectation);
  }
  CHECK(refusal(post("Content-Length: 5\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n")) == Reason::expectation);
  CHECK(status_of(Reason::expectation) == 417);
}

TEST_CASE("an upgrade is offered by a GET without content that names one protocol") {
  auto offer = [](const std::string& raw) { return std::string(read_request(raw)->request.upgrade); };
  CHECK(offer(get("Connection: Upgrade\r\nUpgrade: websocket\r\n")) == "websocket");
  CHECK(offer(get("Connection: keep-alive, upgrade\r\nUpgrade: WebSocket\r\nContent-Length: 0\r\n")) == "WebSocket");
  CHECK(offer(get("Connection: Upgrade\r\nUpgrade: spdy/3.1\r\n")) == "spdy/3.1");
  CHECK(offer(get("Upgrade: websocket\r\n")).empty());
  CHECK(offer(get("Connection: Upgrade\r\n")).empty());
  CHECK(offer(get("Connection: Upgrade\r\nUpgrade: websocket\r\n", "1.0")).empty());
  CHECK(offer(post("Connection: Upgrade\r\nUpgrade: websocket\r\n")).empty());
  CHECK(offer(get("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n")).empty());
  CHECK(offer(get("Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n")).empty());
  CHECK(offer(get("Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n")).empty());
  for (std::string value : {"", "h2c", "H2C", "HTTP/2.0", "http/1.1", "TLS/1.0", "websocket, h2c", "websocket/", "/1",
                            "a/b/c", "web socket"}) {
    INFO(value);
    CHECK(offer(get("Connection: Upgrade\r\nUpgrade: " + value + "\r\n")).empty());
  }
}

TEST_CASE("every reason has a status, a name and a sentence") {
  for (int i = 1; i < static_cast<int>(Reason::count); ++i) {
    auto reason = static_cast<Reason>(i);
    CHECK(status_of(reason) >= 400);
    CHECK_FALSE(name_of(reason).empty());
    CHECK_FALSE(text_of(reason).empty());
    CHECK_FALSE(reason_phrase(status_of(reason)).empty());
    for (int other = 0; other < i; ++other) CHECK(name_of(static_cast<Reason>(other)) != name_of(reason));
  }
}

TEST_CASE("what is sent is framed by its content alone") {
  Arena arena;
  Peer peer;
  Request request(arena, peer);
  CHECK(request_framing(request) == Framing{Framing::Kind::none, 0});
  request.method = Method::post;
  CHECK(request_framing(request) == Framing{Framing::Kind::length, 0});
  TextBody text("hello");
  request.body = &text;
  CHECK(request_framing(request) == Framing{Framing::Kind::length, 5});

  Response response(arena);
  CHECK(response_framing(response, Method::get, Version::http11) == Framing{Framing::Kind::length, 0});
  response.body = std::make_unique<TextBody>("hello");
  CHECK(response_framing(response, Method::get, Version::http11) == Framing{Framing::Kind::length, 5});
  CHECK(response_framing(response, Method::head, Version::http11) == Framing{Framing::Kind::none, 0});
  struct Endless final : Body {
    Task<Result<Bytes>> read() override { co_return Bytes(); }
  };
  response.body = std::make_unique<Endless>();
  CHECK(response_framing(response, Method::get, Version::http11) == Framing{Framing::Kind::chunked, 0});
  CHECK(response_framing(response, Method::get, Version::http10) == Framing{Framing::Kind::until_close, 0});
  for (std::uint16_t status : {101, 204, 304}) {
    response.status = status;
    CHECK(response_framing(response, Method::get, Version::http11) == Framing{Framing::Kind::none, 0});
  }
}
