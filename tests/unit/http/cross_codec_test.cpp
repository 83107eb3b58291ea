// What one codec writes the other must read as the same message: nobody behind us sees another one than we saw.
#include "h1_support.h"
#include "http/h1/writer.h"
#include "http/hop_by_hop.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h1;

namespace {

class SizedBody final : public Body {
 public:
  explicit SizedBody(const Framing& framing) : framing_(framing) {}
  Task<Result<Bytes>> read() override { co_return Bytes(); }
  std::optional<std::uint64_t> remaining() const override {
    if (framing_.kind == Framing::Kind::length) return framing_.length;
    return std::nullopt;
  }

 private:
  Framing framing_;
};

std::string rewrite_request(ReadRequest& read) {
  REQUIRE(read.result.state == HeadResult::State::done);
  SizedBody body(read.result.framing);
  if (read.result.framing.has_content()) read.request.body = &body;
  remove_hop_by_hop_of_request(read.request.fields);
  RequestForm form{read.request.authority, request_framing(read.request), false};
  Result<Bytes> head = write_request_head(read.arena, read.request, form);
  read.request.body = nullptr;
  REQUIRE(head);
  return std::string(*head);
}

}  // namespace

TEST_CASE("a request that was written is read as the one it was") {
  for (std::string raw : {
           "GET / HTTP/1.1\r\nHost: case.test\r\n\r\n",
           "GET //a/../%7e%2f?x=%zz HTTP/1.1\r\nHost: CASE.test:80\r\nAccept:*/*\r\nCookie: a=b\r\nX: \t y\r\n\r\n",
           "POST /p HTTP/1.0\r\nContent-Length: 007\r\n\r\n",
           "PUT /p? HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nTE: trailers, "
           "x\r\n\r\n",
           "BREW http://a:80/x HTTP/1.1\r\nHost: a\r\nConnection: close, X-Y\r\nX-Y: 1\r\nX-Z: 2\r\n\r\n",
           "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n",
           "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\nX: \xff\xfe\r\n\r\n",
       }) {
    INFO(raw);
    auto first = read_request(raw);
    std::string written = rewrite_request(*first);
    if (first->request.authority.empty()) continue;  // an HTTP/1.0 request without Host gets the server's
    auto second = read_request(written);
    REQUIRE(second->result.state == HeadResult::State::done);
    CHECK(second->result.consumed == written.size());
    CHECK(second->request.method_text == first->request.method_text);
    CHECK(second->request.target.path == first->request.target.path);
    CHECK(second->request.target.query == first->request.target.query);
    CHECK(second->request.target.has_query == first->request.target.has_query);
    CHECK(second->request.host == first->request.host);
    CHECK(second->request.upgrade == first->request.upgrade);
    CHECK(second->result.framing.has_content() == first->result.framing.has_content());
    CHECK(second->result.framing.length == first->result.framing.length);
    CHECK(rewrite_request(*second) == written);
  }
}

TEST_CASE("a response that was written is read as the one it was") {
  for (std::string raw : {
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n",
           "HTTP/1.1 404\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.0 200 Fine\r\nX:y\r\n\r\n",
           "HTTP/1.1 204 No Content\r\n\r\n",
           "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 9\r\n\r\n",
       }) {
    INFO(raw);
    auto first = read_response(raw);
    REQUIRE(first->result.state == HeadResult::State::done);
    Response& response = first->response;
    if (first->result.framing.has_content()) response.body = std::make_unique<SizedBody>(first->result.framing);
    remove_hop_by_hop_of_response(response.fields);
    ResponseForm form;
    form.framing = response_framing(response, Method::get, Version::http11);
    Result<Bytes> written = write_response_head(first->arena, response, form);
    REQUIRE(written);
    auto second = read_response(*written);
    REQUIRE(second->result.state == HeadResult::State::done);
    CHECK(second->result.keep_alive);
    CHECK(second->response.status == response.status);
    CHECK(second->result.framing.has_content() == first->result.framing.has_content());
    CHECK(second->result.framing.length == first->result.framing.length);
    CHECK(second->response.fields.count(FieldId::set_cookie) == response.fields.count(FieldId::set_cookie));
    CHECK(second->response.fields.get("etag") == response.fields.get("etag"));
  }
}

TEST_CASE("chunks and trailers that were written are read as they were") {
  Arena arena;
  Fields trailers(arena);
  trailers.add("Grpc-Status", "0");
  std::string written;
  std::string content;
  for (std::size_t size : {1u, 15u, 16u, 255u}) {
    std::string piece(size, static_cast<char>('a' + size % 26));
    written.append(ChunkHead(size).bytes()).append(piece).append(kChunkEnd);
    content += piece;
  }
  written.append(*write_trailers(arena, trailers));
  ReadContent read = read_chunked(written);
  CHECK(read.state == BodyDecoder::State::end);
  CHECK(read.content == content);
  CHECK(read.trailers == "Grpc-Status=0\n");
  CHECK(read.consumed == written.size());
}
