// Whole exchanges in one stream of bytes: whatever a message is refused for, nothing behind it is ever taken for a
// request.
#include "h1_support.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

const std::string kSmuggled = "GET /SMUGGLED HTTP/1.1\r\nHost: case.test\r\n\r\n";

// The paths of the requests a server would act on, one after the other, as the connection would read them; then how it
// ends: "open", or the reason it is closed for.
std::string serve(std::string_view bytes) {
  std::string seen;
  for (;;) {
    auto read = read_request(bytes);
    if (read->result.state == HeadResult::State::need_more) return seen + "open";
    if (read->result.state == HeadResult::State::refused) return seen + std::string(name_of(read->result.reason));
    bytes.remove_prefix(read->result.consumed);
    seen.append(read->request.target.path).append(" ");
    ReadContent content = read_content(bytes, read->result.framing);
    if (read->result.framing.has_content() && content.state != BodyDecoder::State::end) {
      return seen + std::string(name_of(content.reason == Reason::none ? content.at_eof : content.reason));
    }
    bytes.remove_prefix(content.consumed);
    if (!read->result.keep_alive) return seen + "closed";
  }
}

std::string post(const std::string& fields, const std::string& content) {
  return "POST /p HTTP/1.1\r\nHost: case.test\r\n" + fields + "\r\n" + content + kSmuggled;
}

}  // namespace

TEST_CASE("two lengths are one too many") {
  CHECK(serve(post("Content-Length: 48\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")) == "length_and_encoding");
  CHECK(serve(post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n")) == "length_and_encoding");
  CHECK(serve(post("Content-Length: 0\r\nContent-Length: 44\r\n", "")) == "length_repeated");
}

TEST_CASE("a bad chunk ends the connection after the request it belongs to") {
  CHECK(serve(post("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n")) == "/p chunk_size");
  CHECK(serve(post("Transfer-Encoding: chunked\r\n", "5;a\nb\r\nhello\r\n0\r\n\r\n")) == "/p chunk_extension");
  CHECK(serve(post("Transfer-Encoding: chunked\r\n", "5\r\nhello0\r\n\r\n")) == "/p chunk_end");
}

TEST_CASE("a folded or disguised framing field ends the connection") {
  CHECK(serve(post("X: a\r\n b\r\n", "")) == "field_syntax");
  CHECK(serve(post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")) == "field_syntax");
  CHECK(serve(post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")) == "field_syntax");
  CHECK(serve(post("Transfer_Encoding: chunked\r\n", "0\r\n\r\n")) == "field_alias");
  CHECK(serve(post("Content-Length: 5\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n")) == "line_ending");
}

TEST_CASE("a target or host of two readings ends the connection") {
  CHECK(serve("GET /g#frag HTTP/1.1\r\nHost: case.test\r\n\r\n" + kSmuggled) == "target_fragment");
  CHECK(serve("GET /g HTTP/1.1\r\nHost: case.test\r\nHost: evil.test\r\n\r\n" + kSmuggled) == "host_repeated");
}

TEST_CASE("dot segments are gone before anybody looks at the path") {
  CHECK(serve("GET /x/../admin HTTP/1.1\r\nHost: case.test\r\nConnection: close\r\n\r\n") == "/admin closed");
}

TEST_CASE("after Connection: close nothing else is a request") {
  CHECK(serve("GET /a HTTP/1.1\r\nHost: case.test\r\nConnection: close\r\n\r\n" + kSmuggled) == "/a closed");
  CHECK(serve("GET /a HTTP/1.0\r\n\r\n" + kSmuggled) == "/a closed");
}

TEST_CASE("content hides the request in it and ends where it says") {
  std::string content = kSmuggled;
  std::string length = std::to_string(content.size());
  CHECK(serve("GET /g HTTP/1.1\r\nHost: case.test\r\nContent-Length: " + length + "\r\n\r\n" + content +
              "GET /next HTTP/1.1\r\nHost: case.test\r\n\r\n") == "/g /next open");
}
