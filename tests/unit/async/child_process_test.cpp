// Programs that we start, and what becomes of them.
#include "async/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "async/timer.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;

namespace {

class ProgramFolder {
 public:
  ProgramFolder() {
    char name[] = "/tmp/sluice-test-XXXXXX";
    SLUICE_CHECK(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~ProgramFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string text(const std::string& name) const {
    std::ifstream stream(file(name));
    return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  }

 private:
  std::string path_;
};

Result<ProgramEnd> run(std::vector<std::string> command, Duration timeout = 60s) {
  return test::run_task(run_program(std::move(command), timeout));
}

// Cancels the program once it has written its file.
Task<void> cancel_when_there(std::string path, Scope& scope) {
  while (!std::filesystem::exists(path)) {
    Status slept = co_await sleep_for(5ms);
    if (!slept) co_return;
  }
  scope.cancel(Error::of(Code::cancelled, "test"));
}

Task<void> run_into(std::vector<std::string> command, std::optional<Result<ProgramEnd>>& end) {
  Result<ProgramEnd> ended = co_await run_program(std::move(command), 60s);
  end.emplace(std::move(ended));
}

Task<Result<ProgramEnd>> run_until_there(std::vector<std::string> command, std::string path) {
  std::optional<Result<ProgramEnd>> end;
  Scope scope;
  Scope watch;
  scope.spawn(run_into(std::move(command), end));
  watch.spawn(cancel_when_there(std::move(path), scope));
  co_await scope.join();
  co_await watch.join();
  co_return std::move(*end);
}

}  // namespace

TEST_CASE("a program's status and both its outputs come back") {
  Result<ProgramEnd> end = run({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"});
  REQUIRE(end.ok());
  CHECK(end->status == 3);
  CHECK(end->output == "out\nerr\n");
  CHECK(run({"sh", "-c", "exit 0"})->status == 0);
  CHECK(run({"/bin/sh", "-c", "kill -TERM $$"})->status == 128 + SIGTERM);
}

TEST_CASE("a variable of the program's own replaces ours of that name") {
  ::setenv("SLUICE_TEST_OWN", "ours", 1);
  ::setenv("SLUICE_TEST_OWN_TOO", "ours", 1);
  const std::vector<std::string> command = {"/bin/sh", "-c",
                                            "tr '\\0' '\\n' < /proc/$$/environ | grep SLUICE_TEST_OWN"};
  Result<ProgramEnd> end = test::run_task(run_program(command, 60s, {"SLUICE_TEST_OWN=theirs"}));
  ::unsetenv("SLUICE_TEST_OWN");
  ::unsetenv("SLUICE_TEST_OWN_TOO");
  REQUIRE(end.ok());
  CHECK(end->output == "SLUICE_TEST_OWN=theirs\nSLUICE_TEST_OWN_TOO=ours\n");
}

TEST_CASE("what does not exist cannot be started") {
  Result<ProgramEnd> end = run({"/nonexistent/program"});
  REQUIRE_FALSE(end.ok());
  CHECK(end.error().sys == ENOENT);
}

TEST_CASE("output is bounded and never blocks the program") {
  Result<ProgramEnd> end = run({"/bin/sh", "-c", "head -c 300000 /dev/zero; exit 5"});
  REQUIRE(end.ok());
  CHECK(end->status == 5);
  CHECK(end->output.size() == 64 * 1024);
}

TEST_CASE("a program that takes too long is killed with all it started") {
  ProgramFolder folder;
  Result<ProgramEnd> end = run({"/bin/sh", "-c", "sleep 600 & echo $! > " + folder.file("pid") + "; wait"}, 300ms);
  REQUIRE_FALSE(end.ok());
  CHECK(end.error().code == Code::timed_out);
  int child = std::atoi(folder.text("pid").c_str());
  REQUIRE(child > 0);
  // The signal was sent; it dies when it runs next, and whoever adopts it may bury it later.
  auto dead = [&] {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
    return text.empty() || text.find(") Z") != std::string::npos || text.find(") X") != std::string::npos;
  };
  const auto patience = std::chrono::steady_clock::now() + 10s;
  while (!dead() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  CHECK(dead());
}

TEST_CASE("a program that leaves somebody behind with its output does not keep us") {
  Result<ProgramEnd> end = run({"/bin/sh", "-c", "sleep 600 & exit 0"});
  REQUIRE(end.ok());
  CHECK(end->status == 0);
}

TEST_CASE("cancelling kills the program and waits for its end") {
  ProgramFolder folder;
  Result<ProgramEnd> end = test::run_task(run_until_there(
      {"/bin/sh", "-c", "echo x > " + folder.file("there") + "; exec sleep 600"}, folder.file("there")));
  REQUIRE_FALSE(end.ok());
  CHECK(end.error().code == Code::cancelled);
}

TEST_CASE("a program has none of our descriptors but those it is given") {
  // As a library may open one: not close-on-exec.
  const int left_open = ::open("/dev/null", O_RDONLY);
  REQUIRE(left_open > 2);
  Result<ProgramEnd> end = run({"/bin/sh", "-c", "ls /proc/$$/fd; exit 0"});
  ::close(left_open);
  REQUIRE(end.ok());
  CHECK(end->output == "0\n1\n2\n");
}

TEST_CASE("what a program is started with can be told from PATH") {
  CHECK(is_program("sh"));
  CHECK_FALSE(is_program("no-such-program-of-sluice"));
}
