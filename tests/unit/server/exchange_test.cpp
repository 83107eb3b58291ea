#include "support/catch.h"
#include "support/edge/test_edge.h"

using namespace sluice;
using namespace sluice::test;

namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string kGet = "GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n";

struct Edge : TestEdge {
  Edge() {
    route("Host(`app.test`)", {"app"});
    upstream("app").answers(kOk);
  }
};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a request goes to the server of its router and the answer comes back") {
  Edge edge;
  std::string answer = edge.exchange(kGet);
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(ends_with(answer, "\r\n\r\nok"));
  std::string asked = edge.upstream("app").received().at(0);
  CHECK(asked.starts_with("GET /x HTTP/1.1\r\nHost: app.test\r\n"));
  CHECK(asked.find("X-Forwarded-For: 192.0.2.1\r\n") != std::string::npos);
}

TEST_CASE("a request split at any byte is the same request") {
  std::string expected;
  {
    Edge whole;
    expected = whole.exchange(kGet);
  }
  for (std::size_t piece = 1; piece < kGet.size(); ++piece) {
    Edge edge;
    CHECK(edge.exchange(kGet, piece) == expected);
  }
}

TEST_CASE("pipelined requests are answered in order on one upstream connection") {
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{10'000}}) {
    Edge edge;
    std::string answer = edge.exchange(kGet + kGet + kGet, piece);
    CHECK(count(answer, "HTTP/1.1 200 OK") == 3);
    CHECK(edge.upstream("app").connections() == 1);
  }
}

TEST_CASE("an unknown host is 404 and reaches nobody") {
  Edge edge;
  std::string answer = edge.exchange("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(ends_with(answer, "404 page not found\n"));
  CHECK(edge.upstream("app").connections() == 0);
}

TEST_CASE("a malformed request is refused and the connection closed") {
  Edge edge;
  TestEdge::Client client = edge.connect();
  client.say("GET / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(client.received().starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(client.closed());
  CHECK(edge.upstream("app").connections() == 0);
}

TEST_CASE("content of known and of unknown length arrives whole") {
  {
    Edge edge;
    edge.exchange("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello", 1);
    CHECK(ends_with(edge.upstream("app").received()[0], "\r\n\r\nhello"));
  }
  {
    Edge chunked;
    chunked.exchange(
        "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n", 3);
    std::string received = chunked.upstream("app").received()[0];
    CHECK(received.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    CHECK(received.find("x=y") == std::string::npos);
    CHECK(ends_with(received, "0\r\n\r\n"));
  }
}

TEST_CASE("a chunked response with trailers is passed on chunked") {
  Edge edge;
  edge.upstream("app").answers(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n");
  std::string answer = edge.exchange("GET / HTTP/1.1\r\nHost: app.test\r\nTE: trailers\r\n\r\n");
  CHECK(ends_with(answer, "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n"));
}

TEST_CASE("a response without a length ends with its connection and is chunked for the client") {
  {
    Edge edge;
    edge.upstream("app").plays({Scene{"\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nsome bytes", Scene::Then::close}});
    CHECK(ends_with(edge.exchange(kGet), "a\r\nsome bytes\r\n0\r\n\r\n"));
  }
  {
    Edge old_client;
    old_client.upstream("app").plays({Scene{"\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nsome bytes", Scene::Then::close}});
    TestEdge::Client client = old_client.connect();
    client.say("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n");
    CHECK(ends_with(client.received(), "\r\n\r\nsome bytes"));
    CHECK(client.received().find("chunked") == std::string::npos);
    CHECK(client.closed());
  }
}

TEST_CASE("a response that is cut short is cut short for the client too") {
  Edge edge;
  edge.upstream("app").plays(
      {Scene{"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", Scene::Then::close}});
  TestEdge::Client client = edge.connect();
  client.say(kGet);
  CHECK(client.was_reset());
}

TEST_CASE("what is expected is asked for only when the content is wanted") {
  {
    Edge edge;
    edge.upstream("app").plays({Scene{"hi", kOk}});
    TestEdge::Client client = edge.connect();
    client.say("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.received() == "HTTP/1.1 100 Continue\r\n\r\n");
    client.say("hi");
    CHECK(client.received().find("200 OK") != std::string::npos);
    CHECK(edge.upstream("app").received()[0].find("Expect") == std::string::npos);
  }
  {
    Edge nobody;
    std::string answer =
        nobody.exchange("POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 404"));
    CHECK(answer.find("Connection: close") != std::string::npos);
  }
}

TEST_CASE("interim responses are relayed, but 100 is not") {
  Edge edge;
  edge.upstream("app").answers("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + kOk);
  std::string answer = edge.exchange(kGet);
  CHECK(answer.starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK"));
}

TEST_CASE("a client may end its direction and still gets its answer") {
  Edge edge;
  edge.upstream("app").plays({Scene{"never", kOk, Scene::Then::keep}});
  TestEdge::Client client = edge.connect();
  client.say(kGet);
  client.half_close();
  CHECK_FALSE(client.closed());
  CHECK(client.received().empty());
}

TEST_CASE("an answer to an unfinished upload reaches the client, and the connection closes") {
  Edge edge;
  edge.upstream("app").plays(
      {Scene{"\r\n\r\n", "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", Scene::Then::keep}});
  TestEdge::Client client = edge.connect();
  client.say("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000000\r\n\r\nstart");
  CHECK(client.received().starts_with("HTTP/1.1 413"));
  edge.loop().advance(10s);
  CHECK(client.closed());
}

TEST_CASE("both directions run at once") {
  Edge edge;
  edge.upstream("app").plays({Scene{"one", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nONE\r\n"},
                              Scene{"two", "3\r\nTWO\r\n0\r\n\r\n"}});
  TestEdge::Client client = edge.connect();
  client.say("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  CHECK(ends_with(client.received(), "3\r\nONE\r\n"));
  client.say("3\r\ntwo\r\n0\r\n\r\n");
  CHECK(ends_with(client.received(), "3\r\nTWO\r\n0\r\n\r\n"));
}

TEST_CASE("an upgrade becomes a tunnel that carries early bytes both ways") {
  Edge edge;
  edge.upstream("app").plays(
      {Scene{"\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly"},
       Scene{"ping", "pong", Scene::Then::close}});
  TestEdge::Client client = edge.connect();
  client.say("GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK(client.received().starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  CHECK(ends_with(client.received(), "early"));
  client.say("ping");
  CHECK(ends_with(client.received(), "earlypong"));
  client.half_close();
  CHECK(client.closed());
}

TEST_CASE("a used connection that died is replaced for a request that can be repeated, and only once") {
  {
    Edge edge;
    edge.upstream("app").plays({Scene{"\r\n\r\n", kOk}, Scene{"\r\n\r\n", "", Scene::Then::close}});
    edge.upstream("app").plays({Scene{"\r\n\r\n", kOk}});
    TestEdge::Client client = edge.connect();
    client.say(kGet);
    client.say(kGet);
    CHECK(count(client.received(), "200 OK") == 2);
    CHECK(edge.upstream("app").connections() == 2);
  }
  {
    Edge post;
    post.upstream("app").plays({Scene{"\r\n\r\n", kOk}, Scene{"\r\n\r\n", "", Scene::Then::close}});
    post.upstream("app").plays({Scene{"\r\n\r\n", kOk}});
    std::string request = "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nhi";
    TestEdge::Client poster = post.connect();
    poster.say(request);
    poster.say(request);
    CHECK(count(poster.received(), "200 OK") == 1);
    CHECK(count(poster.received(), "502 Bad Gateway") == 1);
  }
}

TEST_CASE("a server that refuses is passed over for the next one") {
  TestEdge edge;
  edge.route("Host(`app.test`)", {"down", "up"});
  edge.upstream("down").refuses();
  edge.upstream("up").answers(kOk);
  TestEdge::Client client = edge.connect();
  for (int i = 0; i < 4; ++i) client.say(kGet);
  CHECK(count(client.received(), "200 OK") == 4);
}

TEST_CASE("failures have the status of their cause") {
  {
    TestEdge none;
    none.route("Host(`app.test`)", std::vector<std::string>{});
    std::string unavailable = none.exchange(kGet);
    CHECK(unavailable.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    CHECK(unavailable.find("Retry-After: ") != std::string::npos);
  }
  {
    Edge refused;
    refused.upstream("app").refuses();
    CHECK(refused.exchange(kGet).starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
  }
  {
    Edge silent;
    silent.upstream("app").plays({Scene{"\r\n\r\n", "", Scene::Then::close}});
    CHECK(silent.exchange(kGet).starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
  }
  {
    Edge nonsense;
    nonsense.upstream("app").answers("HELLO\r\n\r\n");
    CHECK(nonsense.exchange(kGet).starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
  }
}

TEST_CASE("slow clients are ended: before, within and after a head") {
  Edge edge;
  TestEdge::Client silent = edge.connect();
  TestEdge::Client slow = edge.connect();
  slow.say("GET / HTT");
  TestEdge::Client idle = edge.connect();
  idle.say(kGet);
  edge.loop().advance(15s);
  CHECK(silent.closed());
  CHECK(silent.received().empty());
  CHECK(slow.received().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  CHECK_FALSE(idle.closed());
  edge.loop().advance(180s);
  CHECK(idle.closed());
}

TEST_CASE("an upload may take long if it moves, and not if it stalls") {
  {
    Edge edge;
    edge.upstream("app").plays({Scene{"hello", kOk}});
    TestEdge::Client client = edge.connect();
    client.say("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\n");
    for (char c : std::string("hell")) {
      edge.loop().advance(50s);
      client.say(std::string(1, c));
    }
    edge.loop().advance(50s);
    client.say("o");
    CHECK(ends_with(edge.upstream("app").received()[0], "hello"));
  }
  {
    Edge stalled;
    TestEdge::Client staller = stalled.connect();
    stalled.upstream("app").plays({Scene{"hello", kOk}});
    staller.say("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhel");
    stalled.loop().advance(61s);
    CHECK(staller.received().starts_with("HTTP/1.1 408"));
  }
}

TEST_CASE("draining ends idle connections at once and busy ones after their answer") {
  Edge edge;
  edge.upstream("app").plays({Scene{"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"}, Scene{"more", "k"}});
  TestEdge::Client idle = edge.connect();
  TestEdge::Client busy = edge.connect();
  busy.say(kGet);
  edge.connections().drain();
  edge.loop().run_ready();
  CHECK(idle.closed());
  CHECK_FALSE(busy.closed());
}

TEST_CASE("HEAD and 304 have no content but keep their length") {
  Edge edge;
  edge.upstream("app").answers("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  TestEdge::Client client = edge.connect();
  client.say("HEAD / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  CHECK(client.received().find("Content-Length: 1234\r\n") != std::string::npos);
  CHECK(ends_with(client.received(), "\r\n\r\n"));
  client.say("HEAD / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  CHECK(count(client.received(), "200 OK") == 2);
}

TEST_CASE("an upstream connection that became readable while idle is not used again") {
  Edge edge;
  edge.upstream("app").plays({Scene{"\r\n\r\n", kOk}, Scene{"", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"}});
  edge.upstream("app").plays({Scene{"\r\n\r\n", kOk}});
  TestEdge::Client client = edge.connect();
  client.say(kGet);
  client.say(kGet);
  INFO(client.received());
  CHECK(client.received().find("evil") == std::string::npos);
  CHECK(count(client.received(), "\r\n\r\nok") == 2);
}
