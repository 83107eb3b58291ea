// h2_client.cpp: what a server of HTTP/2 may send, through the whole edge: frames as answers to requests of two
// clients, one of HTTP/1 and one of HTTP/2.
//
// Whatever comes: nothing crashes, everything ends with its scope, and a client of HTTP/1 only ever sees responses.
#include <cstddef>
#include <cstdint>

#include "support/edge/test_edge.h"

using namespace sluice;
using namespace sluice::test;

namespace {

// SETTINGS, then GET http://a/ with what HPACK's static table has.
const std::string kAsk(
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\6\1\5\0\0\0\1\x82\x86\x84\x01\x01"
    "a",
    48);

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 65536) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  TestEdge edge;
  edge.route("PathPrefix(`/`)", {"h2c://app"});
  TestUpstream::Script script;
  // All at once, or one part before the request has come.
  std::size_t cut = data[0] % 2 == 0 ? 0 : bytes.size() / 2;
  if (cut > 0) script.push_back({"", bytes.substr(0, cut), Scene::Then::keep});
  Scene::Then then = data[0] % 3 == 0 ? Scene::Then::close : data[0] % 3 == 1 ? Scene::Then::reset : Scene::Then::keep;
  script.push_back({"SM\r\n\r\n", bytes.substr(cut), then});
  edge.upstream("app").plays(script);
  TestEdge::Client old = edge.connect();
  old.say("GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  TestEdge::Client client = edge.connect(SIZE_MAX, true);
  client.say(kAsk);
  edge.loop().advance(1s);
  old.leave();
  client.leave();
  edge.loop().advance(400s);
  SLUICE_CHECK(old.received().empty() || old.received().starts_with("HTTP/1.1 "));
  return 0;
}
