#include "support/edge/test_edge.h"
#include "unit/http/h2_support.h"

using namespace sluice;
using namespace sluice::test;
using http::h2::Asking;
using http::h2::ErrorCode;
using http::h2::NotedSession;
using http::h2::NotedStream;

namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Answer: yes\r\n\r\nok";

struct Edge : TestEdge {
  explicit Edge(const std::string& server = "app") {
    route("Host(`case.test`)", {server});
    upstream("app").answers(kOk);
  }
};

// A client of our own codec on one connection to the edge.
class Client {
 public:
  explicit Client(TestEdge& edge, std::size_t piece = SIZE_MAX)
      : session(http::h2::Session::Role::client), client_(edge.connect(piece, true)) {
    turn();
  }

  // Carries what there is both ways.
  void turn() {
    for (;;) {
      std::string out = session.produce();
      if (!out.empty()) client_.say(out);
      std::string_view fresh = std::string_view(client_.received()).substr(read_);
      read_ = client_.received().size();
      if (!fresh.empty() && !session.session.receive(fresh, Time{1})) broken = true;
      if (out.empty() && fresh.empty()) return;
    }
  }
  void ask(NotedStream& stream, Asking& asking, bool ended = true) {
    REQUIRE(session.session.request(stream, asking.block(), ended));
    turn();
  }
  TestEdge::Client& wire() { return client_; }

  NotedSession session;
  bool broken = false;

 private:
  TestEdge::Client client_;
  std::size_t read_ = 0;
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a request on a stream goes to the server of its router and the answer comes back") {
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{SIZE_MAX}}) {
    Edge edge;
    Client client(edge, piece);
    Asking asking;
    NotedStream stream;
    client.ask(stream, asking);
    CHECK(stream.statuses == std::vector<std::uint16_t>{200});
    CHECK(stream.content == "ok");
    CHECK(stream.length == std::uint64_t{2});
    CHECK(stream.fields.find("x-answer=yes\n") != std::string::npos);
    CHECK(stream.is_closed);
    std::string asked = edge.upstream("app").received().at(0);
    CHECK(asked.starts_with("GET /path HTTP/1.1\r\nHost: case.test\r\n"));
    CHECK(asked.find("X-Forwarded-For: 192.0.2.1\r\n") != std::string::npos);
  }
}

TEST_CASE("streams run at the same time and each has its own answer") {
  Edge edge;
  Client client(edge);
  std::deque<Asking> asking;
  std::deque<NotedStream> streams;
  for (int i = 0; i < 50; ++i) {
    asking.emplace_back(http::Method::get);
    REQUIRE(client.session.session.request(streams.emplace_back(), asking.back().block(), true));
  }
  client.turn();
  for (const NotedStream& stream : streams) CHECK(stream.content == "ok");
}

TEST_CASE("a stream that is reset ends at the server, and its neighbours do not notice") {
  Edge edge;
  edge.upstream("app").plays({}).plays({{"\r\n\r\n", kOk, Scene::Then::keep}});
  Client client(edge);
  Asking asking;
  NotedStream first;
  NotedStream second;
  client.ask(first, asking);
  client.session.session.reset(first, ErrorCode::cancel);
  client.ask(second, asking);
  CHECK(second.content == "ok");
  CHECK(edge.upstream("app").connections() == 2);
}

TEST_CASE("content goes up as it comes and its end is the stream's") {
  Edge edge;
  edge.upstream("app").plays({{"0\r\n\r\n", kOk, Scene::Then::keep}});
  Client client(edge);
  Asking asking(http::Method::post, "/path", true);
  NotedStream stream;
  client.ask(stream, asking, false);
  client.session.session.offer(stream, "abc", false);
  client.turn();
  CHECK(edge.upstream("app").received().at(0).ends_with("3\r\nabc\r\n"));
  client.session.session.end(stream, {});
  client.turn();
  CHECK(stream.content == "ok");
}

TEST_CASE("a drain is announced, a request on its way is served, and then the connection closes") {
  Edge edge;
  Client client(edge);
  Asking asking;
  NotedStream first;
  client.ask(first, asking);
  edge.connections().drain();
  client.turn();
  CHECK(client.session.goaways == 0);  // in the next turn
  edge.loop().run_ready();
  // The client has not read the announcement yet.
  NotedStream second;
  REQUIRE(client.session.session.request(second, asking.block(), true));
  client.turn();
  CHECK(second.content == "ok");
  CHECK(client.session.goaways == 1);
  std::size_t before = client.wire().received().size();
  edge.loop().advance(1500ms);
  CHECK(client.wire().received().size() == before + 9 + 8);  // the last stream
  edge.loop().advance(3s);
  CHECK(client.wire().closed());
}

TEST_CASE("two versions behind two versions: requests share one connection to a server of h2c") {
  Edge edge("h2c://app");
  // The server's own codec, driven by hand: SETTINGS, and two answers.
  NotedSession server(http::h2::Session::Role::server);
  std::string hello = server.produce();
  edge.upstream("app").plays({{"SM\r\n\r\n", hello, Scene::Then::keep}});
  TestEdge::Client old = edge.connect();
  old.say("GET /old HTTP/1.1\r\nHost: case.test\r\n\r\n");
  Client client(edge);
  Asking asking(http::Method::get, "/new");
  NotedStream stream;
  client.ask(stream, asking);
  CHECK(edge.upstream("app").connections() == 1);
  REQUIRE(server.session.receive(edge.upstream("app").received().at(0), Time{1}));
  REQUIRE(server.streams.size() == 2);
  CHECK(server.streams[0].request.target.path == "/old");
  CHECK(server.streams[1].request.target.path == "/new");
  CHECK(edge.shared_upstream_connections() == 1);
  CHECK(count(edge.upstream("app").received().at(0), "PRI *") == 1);
}

TEST_CASE("a server of h2c that closes without a word is 502 for both versions") {
  Edge edge("h2c://app");
  edge.upstream("app").plays({{"SM\r\n\r\n", "", Scene::Then::close}});
  std::string answer = edge.exchange("POST /x HTTP/1.1\r\nHost: case.test\r\nContent-Length: 0\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 502"));
  Client client(edge);
  Asking asking(http::Method::post);
  NotedStream stream;
  client.ask(stream, asking);
  CHECK(stream.statuses == std::vector<std::uint16_t>{502});
}
