// The client against a server that answers well, badly, late or not at all.
#include "rest/client.h"

#include <future>

#include "async/offload.h"
#include "async/timer.h"
#include "support/catch.h"
#include "support/run_task.h"
#include "support/scripted_server.h"

using namespace sluice;
using rest::Call;
using rest::Client;
using rest::Reply;
using test::ScriptedServer;
using Request = ScriptedServer::Request;
using Connection = ScriptedServer::Connection;

namespace {

Call call_to(const ScriptedServer& server, std::string path = "/") {
  Call call;
  call.server = *rest::Server::parse(server.endpoint());
  call.path = std::move(path);
  return call;
}

Task<Result<Reply>> send_once(Call call) {
  Client client("Sluice/test");
  Result<Reply> reply = co_await client.send(std::move(call));
  co_return reply;
}

Result<Reply> send(Call call) { return test::run_task(send_once(std::move(call))); }

}  // namespace

TEST_CASE("a reply has the server's status, headers and body") {
  for (auto at : {ScriptedServer::At::unix_socket, ScriptedServer::At::tcp}) {
    ScriptedServer server([](const Request&, Connection& c) { c.reply(404, "nothing here", "Api-Version: 1.41\r\n"); },
                          at);
    auto reply = send(call_to(server, "/v1.41/x?all=1"));
    REQUIRE(reply.ok());
    CHECK(reply->status == 404);
    CHECK(reply->header("API-version") == "1.41");
    CHECK(reply->body == "nothing here");
  }
}

TEST_CASE("the request carries method, path, headers, body and credentials as given") {
  std::promise<Request> seen;
  ScriptedServer server([&](const Request& request, Connection& c) {
    seen.set_value(request);
    c.reply(201, "");
  });
  Call call = call_to(server, "/a/../b?q=%20");
  call.method = "POST";
  call.body = std::string("\0binary\n", 8);
  call.headers = {{"Content-Type", "application/jose+json"}, {"X-Empty", ""}};
  call.server.username = "me";
  call.server.password = "secret";
  REQUIRE(send(call).ok());

  Request request = seen.get_future().get();
  CHECK(request.method == "POST");
  CHECK(request.path == "/a/../b?q=%20");
  CHECK(request.header("Host") == "localhost");
  CHECK(request.header("User-Agent") == "Sluice/test");
  CHECK(request.header("Content-Type") == "application/jose+json");
  CHECK(request.header("Authorization") == "Basic bWU6c2VjcmV0");
  CHECK(request.head.find("X-Empty:") != std::string::npos);
  CHECK(request.head.find("Expect") == std::string::npos);
  CHECK(request.body == call.body);
}

TEST_CASE("content has no type but the one it is given") {
  std::promise<Request> seen;
  ScriptedServer server([&](const Request& request, Connection& c) {
    seen.set_value(request);
    c.reply(200, "");
  });
  Call call = call_to(server, "/health");
  call.method = "POST";
  REQUIRE(send(call).ok());
  CHECK(seen.get_future().get().header("Content-Type").empty());
}

TEST_CASE("HEAD has headers and no body") {
  ScriptedServer server([](const Request&, Connection& c) {
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nApi-Version: 1.44\r\n\r\n");
  });
  Call call = call_to(server, "/_ping");
  call.method = "HEAD";
  auto reply = send(call);
  REQUIRE(reply.ok());
  CHECK(reply->header("Api-Version") == "1.44");
  CHECK(reply->body.empty());
}

TEST_CASE("interim heads are skipped") {
  ScriptedServer server([](const Request&, Connection& c) {
    c.send("HTTP/1.1 103 Early\r\nX-A: 1\r\n\r\n");
    c.reply(200, "x", "X-B: 2\r\n");
  });
  auto reply = send(call_to(server));
  REQUIRE(reply.ok());
  CHECK(reply->status == 200);
  CHECK(reply->header("X-A").empty());
  CHECK(reply->header("X-B") == "2");
}

TEST_CASE("calls that would break the request's framing never leave") {
  ScriptedServer server([](const Request&, Connection& c) { c.reply(200, ""); });
  Call split = call_to(server, "/x HTTP/1.1\r\nX: y");
  Call relative = call_to(server, "x");
  Call header = call_to(server);
  header.headers = {{"X", "a\r\nY: b"}};
  for (const Call& call : {split, relative, header}) {
    auto reply = send(call);
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().code == Code::invalid);
  }
  CHECK(server.accepted() == 0);
}

TEST_CASE("a socket that does not exist is not found, and nothing was sent") {
  Call call;
  call.server = *rest::Server::parse("unix:///nonexistent/sluice.sock");
  auto reply = send(call);
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == Code::not_found);
  CHECK(reply.error().nothing_sent);
  CHECK(reply.error().sys == ENOENT);
}

TEST_CASE("a port nobody listens on refuses") {
  int port;
  {
    ScriptedServer gone([](const Request&, Connection&) {}, ScriptedServer::At::tcp);
    port = gone.port();
  }
  Call call;
  call.server = *rest::Server::parse("tcp://127.0.0.1:" + std::to_string(port));
  auto reply = send(call);
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == Code::refused);
  CHECK(reply.error().nothing_sent);
}

TEST_CASE("answers that break off, lie or are no HTTP are errors") {
  struct Case {
    const char* name;
    const char* bytes;
  };
  for (const Case& bad : {Case{"nothing", ""}, Case{"garbage", "\x16\x03\x01 what is this\r\n\r\n"},
                          Case{"half a head", "HTTP/1.1 200 OK\r\nContent-"},
                          Case{"a short body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
                          Case{"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"}}) {
    CAPTURE(bad.name);
    ScriptedServer server([&](const Request&, Connection& c) {
      c.send(bad.bytes);
      c.close();
    });
    auto reply = send(call_to(server));
    REQUIRE_FALSE(reply.ok());
    CHECK_FALSE(reply.error().nothing_sent);
  }
}

TEST_CASE("a reply is bounded, with and without a declared length") {
  std::string big(2000, 'x');
  for (bool declared : {true, false}) {
    ScriptedServer server([&](const Request&, Connection& c) {
      if (declared) {
        c.reply(200, big);
      } else {
        c.begin_stream();
        c.chunk(big);
        c.wait_for_end();
      }
    });
    Call call = call_to(server);
    call.max_reply = 1999;
    auto reply = send(call);
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().code == Code::too_large);
    call.max_reply = 2000;
    if (declared) CHECK(send(call).ok());
  }
}

TEST_CASE("a head may suffice: then the content may be too large, stop short or never end") {
  const std::string head = "HTTP/1.1 404 Not Found\r\nContent-Length: 5000\r\n\r\n";
  for (std::string content : {std::string(5000, 'x'), std::string("short"), std::string()}) {
    CAPTURE(content.size());
    ScriptedServer server([&](const Request&, Connection& c) {
      c.send(head + content);
      if (content == "short") {
        c.close();
      } else {
        c.wait_for_end();
      }
    });
    Call call = call_to(server);
    call.max_reply = 1999;
    if (content.empty()) call.timeout = 1s;
    CHECK_FALSE(send(call).ok());
    call.head_suffices = true;
    auto reply = send(call);
    REQUIRE(reply.ok());
    CHECK(reply->status == 404);
  }
  ScriptedServer half([](const Request&, Connection& c) {
    c.send("HTTP/1.1 200 OK\r\nContent-");
    c.close();
  });
  Call call = call_to(half);
  call.head_suffices = true;
  CHECK_FALSE(send(call).ok());
}

TEST_CASE("endless headers are cut off") {
  ScriptedServer server([](const Request&, Connection& c) {
    c.send("HTTP/1.1 200 OK\r\n");
    while (c.send("X-Filler: " + std::string(1000, 'y') + "\r\n")) {
    }
  });
  auto reply = send(call_to(server));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == Code::too_large);
}

TEST_CASE("a server that says nothing runs into the timeout") {
  ScriptedServer server([](const Request&, Connection& c) { c.wait_for_end(); });
  Call call = call_to(server);
  call.timeout = 30ms;
  auto reply = send(call);
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == Code::timed_out);
}

namespace {

Task<bool> two_calls(const ScriptedServer& server) {
  Client client("Sluice/test");
  Result<Reply> first = co_await client.send(call_to(server));
  Result<Reply> second = co_await client.send(call_to(server));
  co_return first.ok() && second.ok();
}

Task<void> send_into(Client& client, Call call, std::optional<Result<Reply>>& reply) {
  reply.emplace(co_await client.send(std::move(call)));
}

Task<bool> cancel_a_call(const ScriptedServer& server, std::future<void>& arrived, std::future<void>& left) {
  Client client("Sluice/test");
  Scope scope;
  std::optional<Result<Reply>> reply;
  scope.spawn(send_into(client, call_to(server), reply));
  // The server has the request while the loop goes on turning.
  co_await offload([&arrived] {
    arrived.wait();
    return 0;
  });
  scope.cancel(Error::of(Code::cancelled, "test"));
  co_await scope.join();
  // Its connection is closed: the server notices, with the client still there.
  co_await offload([&left] {
    left.wait();
    return 0;
  });
  co_return reply && !reply->ok() && reply->error().code == Code::cancelled;
}

Task<int> many_calls(const ScriptedServer& server, int count) {
  Client client("Sluice/test");
  Scope scope;
  std::vector<std::optional<Result<Reply>>> replies(static_cast<std::size_t>(count));
  for (auto& reply : replies) scope.spawn(send_into(client, call_to(server), reply));
  co_await scope.join();
  int good = 0;
  for (auto& reply : replies) good += reply->ok() && (*reply)->body == "ok" ? 1 : 0;
  co_return good;
}

Task<bool> call_in_cancelled_scope(const ScriptedServer& server) {
  Client client("Sluice/test");
  Scope scope;
  scope.cancel(Error::of(Code::cancelled, "test"));
  std::optional<Result<Reply>> reply;
  scope.spawn(send_into(client, call_to(server), reply));
  co_await scope.join();
  co_return reply && !reply->ok() && reply->error().code == Code::cancelled;
}

}  // namespace

TEST_CASE("a connection is used again") {
  ScriptedServer server([](const Request&, Connection& c) { c.reply(200, "ok"); });
  CHECK(test::run_task(two_calls(server)));
  CHECK(server.accepted() == 1);
}

TEST_CASE("a cancelled call leaves the wire and ends with the scope's error") {
  std::promise<void> arrived, left;
  ScriptedServer server([&](const Request&, Connection& c) {
    arrived.set_value();
    c.wait_for_end();
    left.set_value();
  });
  std::future<void> arrival = arrived.get_future();
  std::future<void> departure = left.get_future();
  CHECK(test::run_task(cancel_a_call(server, arrival, departure)));
}

TEST_CASE("a call in a cancelled scope ends at once") {
  ScriptedServer server([](const Request&, Connection& c) { c.reply(200, "ok"); });
  CHECK(test::run_task(call_in_cancelled_scope(server)));
}

TEST_CASE("calls run beside each other") {
  std::atomic<int> waiting{0};
  std::promise<void> all;
  std::shared_future<void> everybody = all.get_future().share();
  ScriptedServer server([&](const Request&, Connection& c) {
    if (++waiting == 8) all.set_value();
    everybody.wait();  // answers only once all eight have arrived
    c.reply(200, "ok");
  });
  CHECK(test::run_task(many_calls(server, 8)) == 8);
}
