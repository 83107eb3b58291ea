// Copies of requests: who gets them, when, and what they cost the request itself.
#include "proxy/mirroring.h"

#include "support/catch.h"
#include "support/edge/test_edge.h"

using namespace sluice;
using proxy::Mirroring;
using test::Scene;
using test::TestEdge;

namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string kGet = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

std::string post(const std::string& body) {
  return "POST /a?b=c HTTP/1.1\r\nHost: app.test\r\nX-Mark: 7\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

struct Mirrored : TestEdge {
  Mirroring::Options options;
  std::vector<std::pair<std::string, unsigned>> mirrors{{"shadow", 100}};

  Mirrored() {
    upstream("main").answers(kOk);
    upstream("shadow").answers(kOk);
  }
  void start() {
    std::vector<Mirroring::Mirror> all;
    for (const auto& [name, percent] : mirrors) all.push_back({service({name}), name, percent});
    route("PathPrefix(`/`)", std::make_shared<proxy::Answering>(std::make_shared<Mirroring>(
                                 options, service({"main"}), std::move(all), std::make_shared<Mirroring::State>(1))));
  }
  // Everything an upstream got, of all connections.
  std::string got(const std::string& name) {
    std::string all;
    for (const std::string& one : upstream(name).received()) all += one;
    return all;
  }
  int requests(const std::string& name) {
    int count = 0;
    std::string all = got(name);
    for (std::size_t at = all.find(" HTTP/1.1\r\n"); at != std::string::npos; at = all.find(" HTTP/1.1\r\n", at + 1)) {
      ++count;
    }
    return count;
  }
};

}  // namespace

TEST_CASE("a mirror gets the same request, with its content") {
  Mirrored edge;
  edge.start();
  CHECK(edge.exchange(post("hello")).ends_with("ok"));
  std::string copy = edge.got("shadow");
  CHECK(copy.starts_with("POST /a?b=c HTTP/1.1\r\n"));
  CHECK(copy.find("\r\nX-Mark: 7\r\n") != std::string::npos);
  CHECK(copy.find("\r\nHost: app.test\r\n") != std::string::npos);
  CHECK(copy.find("\r\nX-Forwarded-For: 192.0.2.1\r\n") != std::string::npos);
  CHECK(copy.find("\r\nContent-Length: 5\r\n") != std::string::npos);
  CHECK(copy.ends_with("\r\n\r\nhello"));
  CHECK(edge.got("main") == copy);
}

TEST_CASE("content that came in chunks is copied whole") {
  Mirrored edge;
  edge.start();
  std::string said =
      "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
  CHECK(edge.exchange(said, 1).ends_with("ok"));
  CHECK(edge.got("shadow").ends_with("\r\n\r\nabcdefg"));
}

TEST_CASE("a percentage is kept exactly and spread evenly") {
  Mirrored edge;
  edge.upstream("other").answers(kOk);
  edge.mirrors = {{"shadow", 10}, {"other", 50}};
  edge.start();
  TestEdge::Client client = edge.connect();
  for (int i = 0; i < 20; ++i) {
    client.say(kGet);
    CHECK(edge.requests("other") == i / 2 + 1);
    CHECK(edge.requests("shadow") == i / 10 + 1);
  }
  CHECK(edge.requests("main") == 20);
}

TEST_CASE("a mirror of no percent gets nothing") {
  Mirrored edge;
  edge.mirrors = {{"shadow", 0}};
  edge.start();
  TestEdge::Client client = edge.connect();
  for (int i = 0; i < 200; ++i) client.say(kGet);
  CHECK(edge.requests("main") == 200);
  CHECK(edge.requests("shadow") == 0);
}

TEST_CASE("the copy leaves when the answer is complete, not before") {
  Mirrored edge;
  edge.upstream("main").plays(
      {Scene{"\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}, Scene{"never", ""}});
  edge.start();
  TestEdge::Client client = edge.connect();
  client.say(kGet);
  CHECK(client.received().find("ab") != std::string::npos);
  CHECK(edge.upstream("shadow").connections() == 0);
}

TEST_CASE("nothing is copied for a client that went away") {
  Mirrored edge;
  edge.upstream("main").plays({Scene{"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"}});
  edge.start();
  TestEdge::Client client = edge.connect();
  client.say(kGet);
  client.leave();
  CHECK(edge.upstream("shadow").connections() == 0);
}

TEST_CASE("a mirror that does not answer holds up nobody, and is given up") {
  Mirrored edge;
  edge.upstream("shadow").plays({});
  edge.start();
  TestEdge::Client client = edge.connect();
  for (std::size_t i = 1; i <= Mirroring::kMostCopies + 20; ++i) {
    std::size_t before = client.received().size();
    client.say(kGet);
    REQUIRE(client.received().substr(before).ends_with("ok"));
    CHECK(edge.upstream("shadow").connections() == std::min(i, Mirroring::kMostCopies));
  }
  edge.loop().advance(Mirroring::kLongest + 1s);
  client.say(kGet);
  CHECK(edge.upstream("shadow").connections() == Mirroring::kMostCopies + 1);
}

TEST_CASE("a mirror that refuses, resets or answers 500 changes nothing") {
  for (int kind = 0; kind < 3; ++kind) {
    Mirrored edge;
    if (kind == 0) edge.upstream("shadow").refuses();
    if (kind == 1) edge.upstream("shadow").plays({Scene{"\r\n\r\n", "", Scene::Then::reset}});
    if (kind == 2) edge.upstream("shadow").answers("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
    edge.start();
    CHECK(edge.exchange(post("hello")).find("200 OK") != std::string::npos);
    CHECK(edge.exchange(kGet).find("200 OK") != std::string::npos);
  }
}

TEST_CASE("content above maxBodySize is served and not copied") {
  for (bool known : {true, false}) {
    Mirrored edge;
    edge.options.max_body_size = 4;
    edge.start();
    std::string chunked =
        "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    CHECK(edge.exchange(known ? post("abcde") : chunked, 2).ends_with("ok"));
    CHECK(edge.upstream("shadow").connections() == 0);
    CHECK(edge.exchange(post("abcd")).ends_with("ok"));
    CHECK(edge.got("shadow").ends_with("abcd"));
  }
}

TEST_CASE("without mirrorBody the copy has no content") {
  Mirrored edge;
  edge.options.mirror_body = false;
  edge.options.max_body_size = 1;
  edge.start();
  CHECK(edge.exchange(post("hello")).ends_with("ok"));
  std::string copy = edge.got("shadow");
  CHECK(copy.starts_with("POST /a?b=c"));
  CHECK(copy.ends_with("\r\n\r\n"));
  CHECK(copy.find("hello") == std::string::npos);
}

TEST_CASE("content that the service did not wait for is not copied in part") {
  Mirrored edge;
  edge.start();
  TestEdge::Client client = edge.connect();
  client.say("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100\r\n\r\nonly this");
  CHECK(client.received().ends_with("ok"));
  client.leave();
  CHECK(edge.upstream("shadow").connections() == 0);
}

TEST_CASE("connections to a mirror are used again") {
  Mirrored edge;
  edge.start();
  TestEdge::Client client = edge.connect();
  for (int i = 0; i < 5; ++i) client.say(kGet);
  CHECK(edge.requests("shadow") == 5);
  CHECK(edge.upstream("shadow").connections() == 1);
}

TEST_CASE("an upgrade is not copied") {
  Mirrored edge;
  edge.upstream("main").plays(
      {Scene{"\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
             Scene::Then::close}});
  edge.start();
  edge.exchange("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK(edge.upstream("shadow").connections() == 0);
}
