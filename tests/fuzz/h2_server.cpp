// h2_server.cpp: what a client of HTTP/2 may send, through the whole edge: frames behind the preface, in pieces, with
// an upstream of HTTP/1 that answers everything.
//
// The first byte chooses how much is read at once, and whether the client stays, ends or resets in the end. Whatever
// comes: nothing crashes, everything ends with its scope, and the upstream only ever sees requests that read back as
// one message each.
#include <cstddef>
#include <cstdint>

#include "http/h1/request_parser.h"
#include "support/edge/test_edge.h"

using namespace sluice;
using namespace sluice::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 65536) return 0;
  TestEdge edge;
  edge.route("PathPrefix(`/`)", {"app"});
  edge.upstream("app").answers(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n");
  TestEdge::Client client = edge.connect(data[0] % 4 == 0 ? 1 + data[0] : SIZE_MAX, true);
  client.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  client.say(std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  edge.loop().advance(1s);
  if (data[0] % 3 == 0) client.leave();
  if (data[0] % 3 == 1) client.half_close();
  edge.loop().advance(400s);
  for (const std::string& received : edge.upstream("app").received()) {
    Arena arena;
    http::Peer peer;
    http::Request request(arena, peer);
    http::h1::RequestParser parser;
    http::h1::HeadResult head = parser.parse(received, arena, request, http::h1::Limits());
    SLUICE_CHECK(head.state != http::h1::HeadResult::State::refused);
  }
  SLUICE_CHECK(edge.connections().count() == 0);
  return 0;
}
