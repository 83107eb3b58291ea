#include "http/h1/writer.h"

#include <string>
#include <vector>

#include "h1_support.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

struct ToSend {
  Arena arena;
  Peer peer;
  Request request{arena, peer};
  Response response{arena};
  RequestForm request_form;
  ResponseForm response_form;

  ToSend() {
    request.target.path = "/p";
    request_form.host = "case.test";
    response_form.framing = Framing{Framing::Kind::length, 0};
  }
  std::string write_request() {
    Result<Bytes> head = write_request_head(arena, request, request_form);
    if (head) CHECK(head->size() <= bound_of_request_head(request, request_form));
    return head ? std::string(*head) : "refused";
  }
  std::string write_response() {
    Result<Bytes> head = write_response_head(arena, response, response_form);
    if (head) CHECK(head->size() <= bound_of_response_head(response, response_form));
    return head ? std::string(*head) : "refused";
  }
};

}  // namespace

TEST_CASE("a request head is its line, Host, the fields and the framing") {
  ToSend send;
  send.request.target.query = "a=b";
  send.request.target.has_query = true;
  send.request.fields.add("Accept", "*/*");
  send.request.fields.add("X-Tab", "a\tb\xff");
  CHECK(send.write_request() == "GET /p?a=b HTTP/1.1\r\nHost: case.test\r\nAccept: */*\r\nX-Tab: a\tb\xff\r\n\r\n");
  send.request.method_text = "BREW";
  send.request.target.query = "";
  send.request_form.framing = Framing{Framing::Kind::length, 18446744073709551615u};
  send.request_form.close = true;
  CHECK(send.write_request() ==
        "BREW /p? HTTP/1.1\r\nHost: case.test\r\nAccept: */*\r\nX-Tab: a\tb\xff\r\n"
        "Content-Length: 18446744073709551615\r\nConnection: close\r\n\r\n");
  send.request_form.framing = Framing{Framing::Kind::chunked, 0};
  send.request.fields.clear();
  send.request.fields.add(FieldId::te, "trailers");
  CHECK(send.write_request() ==
        "BREW /p? HTTP/1.1\r\nHost: case.test\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close, TE\r\n\r\n");
  send.request_form.close = false;
  CHECK(send.write_request().ends_with("Connection: TE\r\n\r\n"));
}

TEST_CASE("framing and connection fields among the fields of a message are never written") {
  ToSend send;
  for (std::string_view name :
       {"Content-Length", "content-length", "Transfer-Encoding", "Connection", "Upgrade", "HOST"}) {
    send.request.fields.add(name, "7");
    send.response.fields.add(name, "7");
  }
  CHECK(send.write_request() == "GET /p HTTP/1.1\r\nHost: case.test\r\n\r\n");
  CHECK(send.write_response() == "HTTP/1.1 200 OK\r\nHOST: 7\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("an upgrade is written on both sides") {
  ToSend send;
  send.request.upgrade = "websocket";
  CHECK(send.write_request() ==
        "GET /p HTTP/1.1\r\nHost: case.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  send.response.status = 101;
  send.response_form.framing = Framing{};
  send.response_form.upgrade = "websocket";
  CHECK(send.write_response() ==
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST_CASE("a response head tells its framing, the date and what becomes of the connection") {
  ToSend send;
  send.response_form.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  CHECK(send.write_response() == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n");
  send.response.fields.add("date", "yesterday");
  send.response.status = 404;
  send.response_form.framing = Framing{Framing::Kind::chunked, 0};
  CHECK(send.write_response() == "HTTP/1.1 404 Not Found\r\ndate: yesterday\r\nTransfer-Encoding: chunked\r\n\r\n");
  send.response.status = 999;
  send.response_form.framing = Framing{Framing::Kind::until_close, 0};
  send.response_form.keep_alive = false;
  CHECK(send.write_response() == "HTTP/1.1 999 \r\ndate: yesterday\r\nConnection: close\r\n\r\n");
  send.response_form.framing = Framing{Framing::Kind::length, 5};
  send.response_form.keep_alive = true;
  send.response_form.client = Version::http10;
  CHECK(send.write_response().ends_with("Content-Length: 5\r\nConnection: keep-alive\r\n\r\n"));
}

TEST_CASE("answers to HEAD and 304 tell the length there would be; 204 tells none") {
  ToSend send;
  send.response_form.framing = Framing{};
  send.response.fields.add(FieldId::content_length, "42");
  send.response_form.method = Method::head;
  CHECK(send.write_response() == "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n");
  send.response.body = std::make_unique<TextBody>("hello");
  CHECK(send.write_response() == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  send.response.body = nullptr;
  send.response_form.method = Method::get;
  send.response.status = 304;
  CHECK(send.write_response() == "HTTP/1.1 304 Not Modified\r\nContent-Length: 42\r\n\r\n");
  send.response.status = 204;
  CHECK(send.write_response() == "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_CASE("a byte that would end a line early is never written") {
  // At every position of names, values and targets of every length, because they are checked by words.
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (char byte : {'\r', '\n', '\0', '\x01', '\x7f'}) {
        std::string text(size, 'v');
        text[at] = byte;
        ToSend value;
        value.request.fields.add("X-A", text);
        value.response.fields.add("X-A", text);
        CHECK(value.write_request() == "refused");
        CHECK(value.write_response() == "refused");
        ToSend name;
        name.request.fields.add(text, "v");
        name.response.fields.add(text, "v");
        CHECK(name.write_request() == "refused");
        CHECK(name.write_response() == "refused");
        ToSend path;
        path.request.target.path = text;
        CHECK(path.write_request() == "refused");
        ToSend query;
        query.request.target.has_query = true;
        query.request.target.query = text;
        CHECK(query.write_request() == "refused");
        ToSend host;
        host.request_form.host = text;
        CHECK(host.write_request() == "refused");
        ToSend method;
        method.request.method_text = text;
        CHECK(method.write_request() == "refused");
      }
      std::string spaced(size, 'v');
      spaced[at] = ' ';
      ToSend path;
      path.request.target.path = spaced;
      CHECK(path.write_request() == "refused");
      for (char byte : {':', ' ', '\t', '\xe9'}) {
        std::string text(size, 'v');
        text[at] = byte;
        ToSend name;
        name.request.fields.add(text, "v");
        CHECK(name.write_request() == "refused");
      }
      std::string fine(size, 'v');
      fine[at] = '\t';
      ToSend tab;
      tab.request.fields.add("X-A", fine);
      CHECK(tab.write_request() == "GET /p HTTP/1.1\r\nHost: case.test\r\nX-A: " + fine + "\r\n\r\n");
    }
  }
  ToSend empty_name;
  empty_name.request.fields.add("", "v");
  CHECK(empty_name.write_request() == "refused");
  ToSend empty_path;
  empty_path.request.target.path = "";
  CHECK(empty_path.write_request() == "refused");
  ToSend status;
  status.response.status = 42;
  CHECK(status.write_response() == "refused");
}

TEST_CASE("an interim response has its status and fields alone") {
  Arena arena;
  Fields fields(arena);
  fields.add("Link", "</a>");
  fields.add(FieldId::content_length, "5");
  Result<Bytes> head = write_interim_head(arena, 103, fields);
  REQUIRE(head);
  CHECK(*head == "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

TEST_CASE("chunk heads are hexadecimal, and an empty chunk cannot end the message") {
  CHECK(ChunkHead(1).bytes() == "1\r\n");
  CHECK(ChunkHead(0x1a2b).bytes() == "1a2b\r\n");
  CHECK(ChunkHead(UINT64_MAX).bytes() == "ffffffffffffffff\r\n");
  CHECK(ChunkHead(0).bytes().empty());
  CHECK(ChunkHead().bytes().empty());
}

TEST_CASE("trailers follow the last chunk") {
  Arena arena;
  Fields fields(arena);
  CHECK(*write_trailers(arena, fields) == kLastChunk);
  fields.add("Grpc-Status", "0");
  CHECK(*write_trailers(arena, fields) == "0\r\nGrpc-Status: 0\r\n\r\n");
  fields.add("X", "a\r\nb");
  CHECK_FALSE(write_trailers(arena, fields));
}
