// Lines of an answer without end.
#include "rest/line_stream.h"

#include <algorithm>

#include "rest/client.h"
#include "support/catch.h"
#include "support/run_task.h"
#include "support/scripted_server.h"

using namespace sluice;
using rest::Client;
using rest::LineStream;
using test::ScriptedServer;
using Request = ScriptedServer::Request;
using Connection = ScriptedServer::Connection;

namespace {

// Every line until the stream ends; "<lost>" where lines were dropped, and the code of the end as the last element.
Task<std::vector<std::string>> read_all(std::string endpoint, LineStream::Limits limits) {
  Client client("Sluice/test");
  rest::Call call;
  call.server = *rest::Server::parse(endpoint);
  std::vector<std::string> lines;
  Result<std::unique_ptr<LineStream>> stream = client.open_lines(std::move(call), limits);
  for (;;) {
    Result<std::string> line = co_await (*stream)->next_line();
    if (line) {
      lines.push_back(*line);
    } else if (line.error().code == Code::exhausted) {
      lines.push_back("<lost>");
    } else {
      lines.push_back(std::string(to_string(line.error().code)));
      co_return lines;
    }
  }
}

std::vector<std::string> lines_of(std::vector<std::string> chunks, LineStream::Limits limits = {},
                                  bool orderly = true) {
  ScriptedServer server([&](const Request&, Connection& c) {
    c.begin_stream();
    for (const std::string& chunk : chunks) c.chunk(chunk);
    if (orderly) c.send("0\r\n\r\n");
    c.close();
  });
  return test::run_task(read_all(server.endpoint(), limits));
}

using Lines = std::vector<std::string>;

Task<std::vector<std::string>> status_then_timeout(const ScriptedServer& server) {
  Client client("Sluice/test");
  rest::Call call;
  call.server = *rest::Server::parse(server.endpoint());
  Result<std::unique_ptr<LineStream>> stream = client.open_lines(std::move(call), {});
  std::vector<std::string> seen;
  Result<int> status = co_await (*stream)->status();
  seen.push_back(status ? std::to_string(*status) : "failed");
  Deadline soon = Loop::current().now() + 10ms;
  Result<std::string> line = co_await (*stream)->next_line(soon);
  seen.push_back(line ? *line : std::string(to_string(line.error().code)));
  co_return seen;
}

}  // namespace

TEST_CASE("lines arrive whole however the server cuts them") {
  std::string text = "{\"a\":1}\n\n{\"b\":2}\r\nlast\n";
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    CHECK(lines_of({text.substr(0, cut), text.substr(cut)}) == Lines{"{\"a\":1}", "", "{\"b\":2}", "last", "closed"});
  }
}

TEST_CASE("a line that never ended is not delivered, and a broken stream says so") {
  CHECK(lines_of({"one\ntw"}) == Lines{"one", "closed"});
  CHECK(lines_of({"one\ntw"}, {}, false) == Lines{"one", "closed"});
}

TEST_CASE("a line that is too long is dropped alone and the loss is said once") {
  LineStream::Limits limits;
  limits.line = 8;
  Lines lines = lines_of({"short\n", "123456789 and so on", " and on\n", "12345678\n"}, limits);
  CHECK(std::count(lines.begin(), lines.end(), "<lost>") == 1);
  CHECK(std::count(lines.begin(), lines.end(), "short") == 1);
  CHECK(std::count(lines.begin(), lines.end(), "12345678") == 1);
  CHECK(lines.size() == 4);
}

TEST_CASE("what nobody pulls is bounded; the reader is told of the loss and goes on") {
  LineStream::Limits limits;
  limits.lines = 4;
  // One chunk, so that all of it comes before the reader runs.
  Lines lines = lines_of({"1\n2\n3\n4\n5\n6\n"}, limits);
  CHECK(lines == Lines{"<lost>", "6", "closed"});
  limits = {};
  limits.buffer = 10;
  CHECK(lines_of({"aaaa\nbbbb\ncccc\nd\n"}, limits) == Lines{"<lost>", "d", "closed"});
}

TEST_CASE("the status is known before the first line, and waiting for a line may end at a deadline") {
  ScriptedServer server([](const Request&, Connection& c) {
    c.begin_stream();
    c.wait_for_end();
  });
  CHECK(test::run_task(status_then_timeout(server)) == Lines{"200", "timed out"});
}

TEST_CASE("a refused stream has the status of the refusal") {
  ScriptedServer server([](const Request&, Connection& c) { c.reply(403, "forbidden\n"); });
  CHECK(test::run_task(status_then_timeout(server)) == Lines{"403", "forbidden"});
}
