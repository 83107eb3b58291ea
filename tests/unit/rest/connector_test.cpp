// Servers that only a program can reach.
#include "rest/connector.h"

#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "rest/client.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using rest::Call;
using rest::Client;
using rest::Connector;
using rest::Reply;

namespace {

// Answers every request with its process id.
constexpr const char* kAnswers =
    "while read -r line; do [ ${#line} -gt 1 ] || printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 8\\r\\n\\r\\n%8d' $$; "
    "done";

struct ScriptFolder {
  ScriptFolder() {
    char name[] = "/tmp/sluice-test-XXXXXX";
    SLUICE_CHECK(mkdtemp(name) != nullptr);
    path = name;
  }
  ~ScriptFolder() { std::filesystem::remove_all(path); }
  // A command line is words without a shell, so the script is a file.
  std::shared_ptr<Connector> shell(const std::string& script) {
    const std::string file = path + "/script" + std::to_string(++scripts);
    std::ofstream(file) << script << "\n";
    return std::make_shared<Connector>("test", "sh " + file);
  }
  std::string path;
  int scripts = 0;
};

Call over(std::shared_ptr<Connector> connector) {
  Call call;
  call.server.origin = "http://localhost";
  call.server.connector = std::move(connector);
  return call;
}

Task<std::vector<Result<Reply>>> send_all(std::vector<Call> calls) {
  Client client("Sluice/test");
  std::vector<Result<Reply>> replies;
  for (Call& call : calls) {
    Result<Reply> reply = co_await client.send(std::move(call));
    replies.push_back(std::move(reply));
  }
  co_return replies;
}

Result<Reply> send_over(std::shared_ptr<Connector> connector, Duration timeout = 30s) {
  Call call = over(std::move(connector));
  call.timeout = timeout;
  return std::move(test::run_task(send_all({std::move(call)})).front());
}

bool gone(pid_t pid) { return ::kill(pid, 0) != 0; }

}  // namespace

TEST_CASE("a program's input and output are a connection, which is kept, and ends with the client") {
  ScriptFolder folder;
  auto one = folder.shell(kAnswers);
  auto other = folder.shell(kAnswers);
  std::vector<Result<Reply>> replies = test::run_task(send_all({over(one), over(one), over(other), over(one)}));
  std::vector<std::string> by;
  for (Result<Reply>& reply : replies) {
    REQUIRE(reply.ok());
    CHECK(reply->status == 200);
    by.push_back(reply->body);
  }
  CHECK(by[0] == by[1]);
  CHECK(by[0] != by[2]);
  CHECK(by[0] == by[3]);
  CHECK(gone(std::stoi(by[0])));
  CHECK(gone(std::stoi(by[2])));
}

TEST_CASE("what a program that fails says last is kept, until there is an answer") {
  ScriptFolder folder;
  const std::string flag = folder.path + "/there";
  auto connector =
      folder.shell("[ -e " + flag + " ] || { echo some banner >&2; echo 'denied\a' >&2; exit 255; }; " + kAnswers);
  Result<Reply> reply = send_over(connector);
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == Code::refused);
  CHECK(reply.error().nothing_sent);
  CHECK(connector->complaint() == "denied\\x07");
  std::ofstream(flag) << "";
  CHECK(send_over(connector).ok());
  CHECK(connector->complaint().empty());
}

TEST_CASE("a program that fails in silence, or does not exist, is told of") {
  ScriptFolder folder;
  auto silent = folder.shell("exit 7");
  CHECK(send_over(silent).error().code == Code::refused);
  CHECK(silent->complaint() == "the program ended with status 7");
  auto missing = std::make_shared<Connector>("test", "no-such-program-of-sluice");
  CHECK(send_over(missing).error().code == Code::refused);
  CHECK(missing->complaint() == "the program cannot be started: No such file or directory");
}

TEST_CASE("a program that does not answer is killed when its call times out, with what it started") {
  ScriptFolder folder;
  const std::string file = folder.path + "/pid";
  auto connector = folder.shell("echo $$ >" + file + "; sleep 600");
  CHECK(send_over(connector, 500ms).error().code == Code::timed_out);
  CHECK(connector->complaint().empty());
  pid_t pid = 0;
  std::ifstream(file) >> pid;
  REQUIRE(pid > 0);
  CHECK(gone(pid));
}

TEST_CASE("a program that says more than anybody reads is not held up by it") {
  ScriptFolder folder;
  auto connector = folder.shell("head -c 1000000 /dev/zero | tr '\\0' x >&2; " + std::string(kAnswers));
  CHECK(send_over(connector).ok());
}
