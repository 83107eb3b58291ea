#include "h1_support.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

std::unique_ptr<ReadResponse> ask(const std::string& raw, Method method = Method::get, std::string_view upgrade = {}) {
  return read_response(raw, Question{method, upgrade});
}
Reason response_refusal(const std::string& raw) { return ask(raw)->result.reason; }

}  // namespace

TEST_CASE("a plain response is read") {
  auto read = ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello");
  REQUIRE(read->result.state == HeadResult::State::done);
  CHECK(read->response.status == 200);
  CHECK(read->response.version == Version::http11);
  CHECK(read->result.framing == Framing{Framing::Kind::length, 5});
  CHECK(read->result.keep_alive);
  CHECK(describe(read->response.fields) == "Content-Length=5\nServer=x\n");
}

TEST_CASE("a status line has a version, three digits and any phrase or none") {
  for (std::string line :
       {"HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.0 404 Not\tFound", "HTTP/1.1 299 caf\xc3\xa9", "HTTP/1.1 999 x"}) {
    CHECK(response_refusal(line + "\r\n\r\n") == Reason::none);
  }
  for (std::string line :
       {"HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 x", "HTTP/1.1  200 OK", "HTTP/1.1 2x0 OK",
        "HTTP/2.0 200 OK", "HTTP/1.2 200 OK", "http/1.1 200 OK", "ICY 200 OK", "HTTP/1.1\t200 OK", " HTTP/1.1 200 OK",
        "HTTP/1.1 200\tOK", "HTTP/1.1 200 a\x01z", "HTTP/1.1 200 a\rz", "HTTP/1.1", "<html>", "HTTP/1.1 +20 OK"}) {
    INFO(line);
    CHECK(response_refusal(line + "\r\n\r\n") == Reason::status_line);
  }
  CHECK(response_refusal("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n") == Reason::line_ending);
  CHECK(response_refusal("\r\nHTTP/1.1 200 OK\r\n\r\n") == Reason::leading_empty_lines);
  CHECK(response_refusal("HTTP/1.1 200 " + std::string(70000, 'x')) == Reason::head_too_large);
}

TEST_CASE("responses are framed as strictly as requests") {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  CHECK(response_refusal(ok + "Content-Length: 3\r\nContent-Length: 5\r\n\r\n") == Reason::length_repeated);
  CHECK(response_refusal(ok + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n") == Reason::length_repeated);
  CHECK(response_refusal(ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        Reason::length_and_encoding);
  CHECK(response_refusal(ok + "Content-Length: x\r\n\r\n") == Reason::length_invalid);
  CHECK(response_refusal(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n") == Reason::encoding_unknown);
  CHECK(response_refusal(ok + "Transfer-Encoding: chunked, chunked\r\n\r\n") == Reason::encoding_invalid);
  CHECK(response_refusal("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") == Reason::encoding_in_http10);
  CHECK(response_refusal(ok + "X: a\r\n b\r\n\r\n") == Reason::field_syntax);
  CHECK(response_refusal(ok + "X : a\r\n\r\n") == Reason::field_syntax);
}

TEST_CASE("a response without a length ends with the connection") {
  auto read = ask("HTTP/1.1 200 OK\r\n\r\n");
  CHECK(read->result.framing.kind == Framing::Kind::until_close);
  CHECK_FALSE(read->result.keep_alive);
  CHECK_FALSE(ask("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n")->result.keep_alive);
  CHECK(ask("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n")->result.keep_alive);
  CHECK_FALSE(ask("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n")->result.keep_alive);
  CHECK_FALSE(ask("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n")->result.keep_alive);
  CHECK(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")->result.framing.kind == Framing::Kind::chunked);
}

TEST_CASE("answers to HEAD, and 204 and 304, have no content whatever they say") {
  for (std::string fields : {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
    auto head = ask("HTTP/1.1 200 OK\r\n" + fields + "\r\n", Method::head);
    CHECK(head->result.framing == Framing{});
    CHECK(head->result.keep_alive);
    auto not_modified = ask("HTTP/1.1 304 Not Modified\r\n" + fields + "\r\n");
    CHECK(not_modified->result.framing == Framing{});
    CHECK(not_modified->result.keep_alive);
    auto no_content = ask("HTTP/1.1 204 No Content\r\n" + fields + "\r\n");
    CHECK(no_content->result.framing == Framing{});
    // Content that 204 announces would be taken for the next response.
    CHECK(no_content->result.keep_alive == fields.empty());
  }
  CHECK(ask("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")->result.keep_alive);
}

TEST_CASE("an interim response is a head of its own") {
  std::string early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  auto read = ask(early + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(read->response.status == 103);
  CHECK(read->result.consumed == early.size());
  CHECK(read->result.framing == Framing{});
  CHECK(ask("HTTP/1.1 100 Continue\r\n\r\n")->response.status == 100);
}

TEST_CASE("101 is an answer only to the protocol that was offered") {
  const std::string switching = "HTTP/1.1 101 Switching Protocols\r\n";
  const std::string good = switching + "Connection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n";
  CHECK(ask(good, Method::get, "websocket")->result.state == HeadResult::State::done);
  CHECK(ask(good)->result.reason == Reason::upgrade_not_asked);
  auto mismatch = [&](const std::string& fields) {
    return ask(switching + fields + "\r\n", Method::get, "websocket")->result.reason == Reason::upgrade_mismatch;
  };
  CHECK(mismatch("Connection: Upgrade\r\nUpgrade: h2c\r\n"));
  CHECK(mismatch("Connection: Upgrade\r\n"));
  CHECK(mismatch("Upgrade: websocket\r\n"));
  CHECK(mismatch("Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n"));
  CHECK(mismatch("Connection: Upgrade\r\nUpgrade: websocket, x\r\n"));
  CHECK(mismatch("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n"));
  // Anything else is an ordinary response, however much it talks of an upgrade.
  auto refused = ask("HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
                     Method::get, "websocket");
  CHECK(refused->result.framing == Framing{Framing::Kind::length, 0});
}

TEST_CASE("an answer has begun with its first byte") {
  Arena arena;
  Response response(arena);
  ResponseParser parser;
  (void)parser.parse("", Question(), response, Limits());
  CHECK_FALSE(parser.started());
  (void)parser.parse("H", Question(), response, Limits());
  CHECK(parser.started());
}
