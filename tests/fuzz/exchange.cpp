// exchange.cpp: whole exchanges under a schedule of faults: clients and an upstream on streams in memory, with the real
// connection, routing and forwarding between them.
//
// The input is a list of steps. A step is a byte whose low three bits say what happens, then what it needs:
//   0 N bytes  the client says the next N bytes            4    the client resets its connection
//   1 N bytes  (first) the upstream writes N bytes          5 N  the clock moves by N * 500 ms
//              once it has read a request head              6 N  another client connects, read N bytes at a time
//   2          (first) then closes                          7    the client ends its direction
//   3          (first) then resets
// Whatever happens: nothing crashes, everything ends with its scope, a client only ever sees responses, and an upstream
// only ever sees requests that read back as one message each.
#include <cstddef>
#include <cstdint>

#include "http/h1/request_parser.h"
#include "support/edge/test_edge.h"

using namespace sluice;
using namespace sluice::test;

namespace {

class Steps {
 public:
  Steps(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

  bool more() const { return at_ != end_; }
  unsigned byte() { return more() ? *at_++ : 0U; }
  std::string bytes() {
    std::size_t size = std::min<std::size_t>(byte(), static_cast<std::size_t>(end_ - at_));
    std::string text(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    return text;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

TestUpstream::Script upstream_script(Steps steps) {
  TestUpstream::Script script;
  while (steps.more() && script.size() < 64) {
    switch (steps.byte() & 7U) {
      case 0: steps.bytes(); break;
      case 1:
        script.push_back(Scene{script.size() % 2 == 0 ? "\r\n\r\n" : "", steps.bytes(), Scene::Then::keep});
        break;
      case 2: script.push_back(Scene{"", "", Scene::Then::close}); break;
      case 3: script.push_back(Scene{"", "", Scene::Then::reset}); break;
      case 5:
      case 6: steps.byte(); break;
      default: break;
    }
  }
  return script;
}

void check_requests(const std::vector<std::string>& connections) {
  for (const std::string& received : connections) {
    if (received.empty()) continue;
    Arena arena;
    http::Peer peer;
    http::Request request(arena, peer);
    http::h1::RequestParser parser;
    http::h1::HeadResult head = parser.parse(received, arena, request, http::h1::Limits());
    SLUICE_CHECK(head.state != http::h1::HeadResult::State::refused);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  TestEdge edge;
  edge.route("Host(`app.test`) || Host(`a`)", {"app"});
  edge.upstream("app").plays(upstream_script(Steps(data, size)));
  TestEdge::Client client = edge.connect();
  std::vector<TestEdge::Client> clients;
  Steps steps(data, size);
  while (steps.more()) {
    switch (steps.byte() & 7U) {
      case 0: client.say(steps.bytes()); break;
      case 1: steps.bytes(); break;
      case 4: client.leave(); break;
      case 5: edge.loop().advance(500ms * steps.byte()); break;
      case 6:
        clients.push_back(client);
        if (clients.size() > 16) return 0;
        client = edge.connect(std::max(1U, steps.byte()));
        break;
      case 7: client.half_close(); break;
      default: break;
    }
  }
  edge.loop().advance(300s);
  clients.push_back(client);
  for (const TestEdge::Client& each : clients) {
    SLUICE_CHECK(each.received().empty() || each.received().starts_with("HTTP/1.1 "));
  }
  check_requests(edge.upstream("app").received());
  return 0;
}
