#include "acme/hooks.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

#include "async/timer.h"
#include "control/describe_live.h"
#include "support/catch.h"
#include "support/run_task.h"
#include "support/scripted_server.h"

using namespace sluice;
using namespace sluice::acme;
using test::ScriptedServer;

namespace {

config::AcmeHook program(std::string script, std::vector<std::string> events = {}) {
  config::AcmeHook hook;
  hook.exec = {"/bin/sh", "-c", std::move(script)};
  hook.events = std::move(events);
  hook.timeout = 20s;
  return hook;
}

config::AcmeHook web(int port) {
  config::AcmeHook hook;
  hook.webhook = "http://127.0.0.1:" + std::to_string(port) + "/told";
  hook.timeout = 20s;
  return hook;
}

config::Node about(std::string_view name = event::kObtaining) { return hook_event(name, "le", {"a.x", "b.x"}); }

struct Asked {
  std::string answer(std::vector<config::AcmeHook> hooks, config::Node what = about()) {
    Hooks all(std::move(hooks), http);
    return test::run_on(loop, all.ask(std::move(what)));
  }

  Loop loop;
  rest::Client http{"test/1"};
};

struct Folder {
  Folder() {
    char name[] = "/tmp/sluice-hooks-XXXXXX";
    SLUICE_CHECK(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string text(const std::string& file) const {
    std::ifstream in(path + '/' + file);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }
  std::string path;
};

// Lets what was told be done for so long, or until `file` has this many bytes.
Task<Status> tell_all(Hooks& hooks, const Folder& folder, std::size_t bytes) {
  Scope* current = co_await current_scope();
  Scope running(current);
  running.spawn(hooks.run());
  for (int i = 0; i < 2000 && folder.text("log").size() < bytes; ++i) {
    Status slept = co_await sleep_for(10ms);
    if (!slept) break;
  }
  running.cancel(Error::of(Code::cancelled, "enough"));
  co_await running.join();
  co_return Status();
}

}  // namespace

TEST_CASE("a program is told as variables, lists joined by commas") {
  config::Node one = about("ari-changed");
  one.add("notAfter", control::number_node(12));
  std::vector<std::string> variables = hook_variables(one);
  CHECK(variables == std::vector<std::string>{"SLUICE_SCHEMA=sluice/v1", "SLUICE_EVENT=ari-changed",
                                              "SLUICE_RESOLVER=le", "SLUICE_NAMES=a.x,b.x", "SLUICE_NOT_AFTER=12"});
}

TEST_CASE("only a program that ends with status 77 forbids an order") {
  Asked asked;
  CHECK(asked.answer({program("echo not today; echo more; exit 77")}) == "/bin/sh forbids it: not today");
  CHECK(asked.answer({program("exit 1")}).empty());
  CHECK(asked.answer({program("kill -9 $$")}).empty());
  config::AcmeHook missing;
  missing.exec = {"/nowhere/at/all"};
  CHECK(asked.answer({missing}).empty());
  CHECK(asked.answer({program("test $SLUICE_EVENT = obtaining || exit 77")}).empty());
  // Not its event.
  CHECK(asked.answer({program("exit 77", {"obtained"})}).empty());
  // One of several is enough.
  CHECK(asked.answer({program("exit 0"), program("exit 77"), program("exit 1")}) == "/bin/sh forbids it");
}

TEST_CASE("a program that hangs is ended and changes nothing") {
  Asked asked;
  config::AcmeHook hook = program("sleep 1000; exit 77");
  hook.timeout = 200ms;
  CHECK(asked.answer({hook}).empty());
}

TEST_CASE("a web service gets the event as JSON and forbids with 403") {
  std::mutex mutex;
  std::vector<std::string> bodies;
  int status = 403;
  ScriptedServer server(
      [&](const ScriptedServer::Request& request, ScriptedServer::Connection& reply) {
        std::lock_guard<std::mutex> lock(mutex);
        bodies.push_back(request.method + ' ' + request.path + ' ' + request.body);
        reply.reply(status, "the office says no\n");
      },
      ScriptedServer::At::tcp);
  Asked asked;
  const std::string origin = "http://127.0.0.1:" + std::to_string(server.port());
  CHECK(asked.answer({web(server.port())}) == origin + " forbids it: the office says no");
  for (int other : {500, 404, 200}) {
    status = other;
    CHECK(asked.answer({web(server.port())}).empty());
  }
  REQUIRE(bodies.size() == 4);
  CHECK(bodies[0] == R"(POST /told {"schema":"sluice/v1","event":"obtaining","resolver":"le","names":["a.x","b.x"]})");
}

TEST_CASE("a web service is called at its URL as it is written") {
  std::mutex mutex;
  std::vector<std::string> paths;
  ScriptedServer server(
      [&](const ScriptedServer::Request& request, ScriptedServer::Connection& reply) {
        std::lock_guard<std::mutex> lock(mutex);
        paths.push_back(request.path + ' ' + request.header("Authorization"));
        reply.reply(200, "");
      },
      ScriptedServer::At::tcp);
  Asked asked;
  config::AcmeHook hook;
  for (const char* url : {"http://127.0.0.1:%/a/?token=b/", "http://u:p@127.0.0.1:%/a//", "http://127.0.0.1:%?x"}) {
    hook.webhook = url;
    hook.webhook.replace(hook.webhook.find('%'), 1, std::to_string(server.port()));
    CHECK(asked.answer({hook}).empty());
  }
  CHECK(paths == std::vector<std::string>{"/a/?token=b/ ", "/a// Basic dTpw", "/?x "});
}

TEST_CASE("a web service that does not answer changes nothing") {
  ScriptedServer server([](const ScriptedServer::Request&, ScriptedServer::Connection& reply) { reply.wait_for_end(); },
                        ScriptedServer::At::tcp);
  Asked asked;
  config::AcmeHook hook = web(server.port());
  hook.timeout = 200ms;
  CHECK(asked.answer({hook}).empty());
  hook.webhook = "http://127.0.0.1:1";
  CHECK(asked.answer({hook}).empty());
}

TEST_CASE("what is told is told in order, and whoever tells does not wait") {
  Folder folder;
  Loop loop;
  rest::Client http("test/1");
  const std::string log = folder.path + "/log";
  Hooks hooks({program("test $SLUICE_EVENT = failed && sleep 0.3; echo $SLUICE_EVENT >> " + log)}, http);
  hooks.tell(about("failed"));
  hooks.tell(about("obtained"));
  hooks.tell(about("revoked"));
  CHECK(folder.text("log").empty());
  Status done = test::run_on(loop, tell_all(hooks, folder, 24));
  CHECK(done);
  CHECK(folder.text("log") == "failed\nobtained\nrevoked\n");
}

TEST_CASE("events nobody has time for are dropped, the oldest first") {
  Folder folder;
  Loop loop;
  rest::Client http("test/1");
  Hooks hooks({program("echo $SLUICE_RESOLVER >> " + folder.path + "/log", {"expiring"})}, http);
  const std::size_t many = Hooks::kMostWaiting + 1;
  for (std::size_t i = 0; i < many; ++i) hooks.tell(hook_event("failed", "x", {}));
  hooks.tell(hook_event("expiring", "first", {}));
  for (std::size_t i = 0; i < Hooks::kMostWaiting; ++i) hooks.tell(hook_event("expiring", "r", {}));
  Status done = test::run_on(loop, tell_all(hooks, folder, 2));
  CHECK(done);
  CHECK(folder.text("log").starts_with("r\n"));
}
