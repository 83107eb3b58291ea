#include "h2_support.h"

using namespace sluice;
using namespace sluice::http;
using namespace sluice::http::h2;

namespace {

// A whole exchange with content and trailers both ways, in pieces of `piece` bytes.
void exchange_in_pieces(std::size_t piece) {
  Wire wire(piece);
  Asking asking(Method::post, "/path", true);
  asking.request.fields.add("X-Asked", "why");
  asking.request.fields.add(FieldId::te, "trailers");
  NotedStream question;
  REQUIRE(wire.client.session.request(question, asking.block(), false));
  wire.exchange();
  REQUIRE(wire.server.streams.size() == 1);
  NotedStream& answer = wire.server.streams[0];
  CHECK(answer.request.method_text == "POST");
  CHECK(answer.request.host == "case.test");
  CHECK(answer.request.target.path == "/path");
  CHECK(answer.fields == "x-asked=why\nTE=trailers\n");
  CHECK_FALSE(answer.heard_end);

  Fields trailers(asking.arena);
  trailers.add("X-Sum", "5");
  wire.client.session.offer(question, "hello", false);
  wire.exchange();
  CHECK(answer.content == "hello");
  REQUIRE(question.settled());
  wire.client.session.end(question, *write_trailers(asking.arena, trailers));
  wire.exchange();
  CHECK(answer.heard_end);
  CHECK(answer.trailers == "x-sum=5\n");
  CHECK(question.finished());

  Response response(answer.arena);
  response.status = 404;
  response.fields.add("X-Answer", "because");
  REQUIRE(wire.server.session.interim(answer, *write_interim(answer.arena, 103, response.fields)));
  REQUIRE(wire.server.session.respond(answer, *write_response(answer.arena, response, {}), false));
  std::string content(200'000, 'x');
  wire.server.session.offer(answer, content, true);
  wire.exchange();
  CHECK(question.statuses == std::vector<std::uint16_t>{103, 404});
  CHECK(question.fields == "x-answer=because\n");
  CHECK(question.content.size() == 65536);  // the window of a stream, 64 KiB, is not open for more
  std::size_t given = 0;
  while (!question.heard_end) {
    std::size_t before = question.content.size();
    wire.client.session.consumed(question, before - given);
    given = before;
    wire.exchange();
    REQUIRE(question.content.size() > before);
  }
  CHECK(question.content == content);
  CHECK(question.is_closed);
  CHECK(answer.is_closed);
  CHECK(question.error == ErrorCode::no_error);
  CHECK(wire.client_fault.ok());
  CHECK(wire.server_fault.ok());
}

NotedStream& ask(Wire& wire, NotedStream& question) {
  Asking asking;
  REQUIRE(wire.client.session.request(question, asking.block(), true));
  wire.exchange();
  return wire.server.streams.back();
}

}  // namespace

TEST_CASE("an exchange over HTTP/2 is the same however its bytes are cut") {
  for (std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{9}, std::size_t{1000}, std::size_t{SIZE_MAX}}) {
    INFO(piece);
    exchange_in_pieces(piece);
  }
}

TEST_CASE("a stream that is reset tells its other end, and only once") {
  Wire wire;
  NotedStream question;
  NotedStream& answer = ask(wire, question);
  wire.client.session.reset(question, ErrorCode::cancel);
  wire.exchange();
  CHECK(answer.is_closed);
  CHECK(answer.error == ErrorCode::cancel);
  CHECK_FALSE(question.is_closed);
  CHECK(question.id() == 0);
  CHECK_FALSE(wire.server.session.respond(answer, {}, true));
}

TEST_CASE("a refused stream says so, and so does one that GOAWAY does not count") {
  Wire wire;
  NotedStream first;
  NotedStream second;
  wire.server.refuse = true;
  Asking asking;
  REQUIRE(wire.client.session.request(first, asking.block(), true));
  wire.exchange();
  CHECK(first.error == ErrorCode::refused_stream);

  wire.server.session.goaway();
  REQUIRE(wire.client.session.request(second, asking.block(), true));
  wire.exchange();
  CHECK(second.error == ErrorCode::refused_stream);
  CHECK(wire.client.goaways == 1);
  NotedStream third;
  Status refused = wire.client.session.request(third, asking.block(), true);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().nothing_sent);
}

TEST_CASE("an announced end still takes requests, and the last stream is the last that came") {
  Wire wire;
  NotedStream first;
  ask(wire, first);
  wire.server.session.announce_goaway();
  NotedStream second;
  Asking asking;
  REQUIRE(wire.client.session.request(second, asking.block(), true));  // on its way already
  std::string up = wire.client.produce();
  wire.exchange();
  REQUIRE(wire.feed(wire.server, up));
  wire.server.session.goaway();
  wire.exchange();
  CHECK(wire.server.streams.size() == 2);
  CHECK_FALSE(second.is_closed);
}

TEST_CASE("content of one stream never waits for that of another") {
  Wire wire;
  NotedStream slow;
  NotedStream quick;
  NotedStream& slow_answer = ask(wire, slow);
  NotedStream& quick_answer = ask(wire, quick);
  std::string large(1'000'000, 'l');
  for (NotedStream* answer : {&slow_answer, &quick_answer}) {
    Response response(answer->arena);
    REQUIRE(wire.server.session.respond(*answer, *write_response(answer->arena, response, {}), false));
    wire.server.session.offer(*answer, large, true);
  }
  // The reader of `slow` takes nothing; all of `quick` arrives.
  while (!quick.heard_end) {
    std::size_t before = quick.content.size();
    wire.exchange();
    wire.client.session.consumed(quick, quick.content.size() - before);
    REQUIRE((quick.heard_end || quick.content.size() > before));
  }
  CHECK(quick.content == large);
  CHECK(slow.content.size() == 65536);
}

TEST_CASE("what is malformed resets its stream and reaches nobody") {
  for (auto [name, value] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"connection", "close"}, {"x y", "v"}, {"x", "a\r\nb"}, {"te", "gzip"}, {"transfer-encoding", "chunked"}}) {
    INFO(name);
    Wire wire;
    wire.exchange();
    Asking asking;
    std::vector<Field> fields;
    for (const Field& field : asking.block()) fields.push_back(field);
    fields.push_back(Field{name, value, FieldId::other});
    NotedStream question;
    REQUIRE(wire.client.session.request(question, fields, true));
    wire.exchange();
    CHECK(question.is_closed);
    CHECK(question.error == ErrorCode::protocol_error);
    CHECK(wire.server.streams.at(0).heads == 0);
  }
}

TEST_CASE("who resets too often is told why and nothing of it is read any more") {
  Wire wire;
  int asked = 0;
  for (; asked < 1000 && wire.server.abuses.empty(); ++asked) {
    NotedStream question;
    Asking asking;
    if (!wire.client.session.request(question, asking.block(), true)) break;
    wire.exchange();
    wire.client.session.reset(question, ErrorCode::cancel);
    wire.exchange();
  }
  CHECK(asked >= 200);
  CHECK(asked <= 210);
  REQUIRE(wire.server.abuses == std::vector<Abuse>{Abuse::resets});
  CHECK_FALSE(wire.server_fault);
  CHECK(wire.server.sent.find("rapid_reset") != std::string::npos);
  CHECK(wire.client.goaways == 1);
  CHECK_FALSE(wire.server.session.receive("more", wire.now));
}

// A request that the server can only reset.
static bool provoke(Wire& wire) {
  Asking asking;
  std::vector<Field> fields;
  for (const Field& field : asking.block()) fields.push_back(field);
  fields.push_back(Field{"connection", "close", FieldId::other});
  NotedStream question;
  Status asked = wire.client.session.request(question, fields, true);
  wire.exchange();
  wire.client.session.detach(question);
  return asked.ok();
}

TEST_CASE("who makes us reset often is to leave before the connection has to be ended") {
  Wire wire;
  wire.exchange();
  for (int i = 1; i < 150; ++i) REQUIRE(provoke(wire));
  CHECK(wire.server.strains == 0);
  CHECK(provoke(wire));
  CHECK(wire.server.strains == 1);
  wire.server.session.announce_goaway();
  wire.exchange();
  CHECK(wire.client.goaways == 1);
  CHECK_FALSE(wire.client.session.may_request());  // a client that obeys begins anew
  CHECK(wire.server.abuses.empty());
}

TEST_CASE("who goes on being reset is not asked to leave again") {
  Wire wire;
  wire.exchange();
  for (int i = 0; i < 199; ++i) REQUIRE(provoke(wire));
  CHECK(wire.server.strains == 1);
  CHECK(wire.server.abuses.empty());
}

TEST_CASE("the same number over a longer time is nothing") {
  Wire wire;
  for (int i = 0; i < 1000; ++i) {
    NotedStream question;
    Asking asking;
    REQUIRE(wire.client.session.request(question, asking.block(), true));
    wire.exchange();
    wire.client.session.reset(question, ErrorCode::cancel);
    wire.exchange();
    wire.now = wire.now + 40ms;
  }
  CHECK(wire.server.abuses.empty());
}

TEST_CASE("nothing makes a session crash that is no session") {
  for (std::string bytes : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100, '\0'), std::string(100, '\xff'),
                            std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + std::string(64, '\xff')}) {
    NotedSession server(Session::Role::server);
    server.produce();
    Status fed = server.session.receive(bytes, Time{1});
    server.produce();
    CHECK((!fed || server.session.over() || server.session.has_output() || fed.ok()));
    NotedSession client(Session::Role::client);
    client.produce();
    [[maybe_unused]] Status answered = client.session.receive(bytes, Time{1});
    client.produce();
  }
}
