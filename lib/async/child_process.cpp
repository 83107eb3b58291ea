#include "async/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "async/offload.h"
#include "async/readiness.h"
#include "async/scope.h"
#include "base/file.h"
#include "base/text.h"

extern char** environ;

namespace sluice {
namespace {

constexpr std::size_t kMostOutput = 64 * 1024;

std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=')); }

bool is_among(std::string_view variable, const std::vector<std::string>& variables) {
  return std::any_of(variables.begin(), variables.end(),
                     [&](const std::string& one) { return name_of(one) == name_of(variable); });
}

// The attributes and file actions of a start, given back with their owner.
class Start {
 public:
  explicit Start(const ProgramStreams& streams) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    // A group of its own, no signal blocked, none ignored: not what we are set up with.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    give(streams.input, 0, O_RDONLY);
    give(streams.output, 1, O_WRONLY);
    give(streams.errors, 2, O_WRONLY);
    // A library's sockets need not be close-on-exec.
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
  }
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;
  ~Start() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  // 0, or an errno.
  int run(std::vector<std::string>& command, std::vector<std::string>& variables, pid_t& pid) {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::vector<char*> environment;
    environment.reserve(variables.size());
    for (std::string& one : variables) environment.push_back(one.data());
    for (char** one = environ; *one != nullptr; ++one) {
      if (!is_among(*one, variables)) environment.push_back(*one);
    }
    environment.push_back(nullptr);
    return posix_spawnp(&pid, arguments[0], &actions_, &attributes_, arguments.data(), environment.data());
  }

 private:
  void give(int ours, int theirs, int mode) {
    if (ours < 0) {
      posix_spawn_file_actions_addopen(&actions_, theirs, "/dev/null", mode, 0);
    } else {
      posix_spawn_file_actions_adddup2(&actions_, ours, theirs);
    }
  }

  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

// What the pipe has right now. False at its end.
bool drain(int fd, std::string& output) {
  std::array<char, 4096> piece;
  for (;;) {
    ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    std::size_t room = kMostOutput - output.size();
    output.append(piece.data(), std::min(static_cast<std::size_t>(got), room));
  }
}

Task<void> read_output(async::Readiness& readiness, int fd, std::string& output) {
  for (;;) {
    Status ready = co_await readiness.readable_by(kNoDeadline);
    if (!ready) co_return;
    bool more = drain(fd, output);
    if (!more) co_return;
    readiness.not_readable();
    if (readiness.hung_up()) co_return;  // nobody writes any more, and the pipe is empty
  }
}

}  // namespace

Result<pid_t> start_program(std::vector<std::string> command, const ProgramStreams& streams,
                            std::vector<std::string> variables) {
  if (command.empty()) return Error::of(Code::invalid, "no program");
  pid_t pid = 0;
  const int failed = Start(streams).run(command, variables, pid);
  if (failed != 0) return Error::system(failed, "the program cannot be started");
  return pid;
}

int end_program(pid_t program) {
  // What it left behind goes with it, whether it came to its end or not.
  ::kill(-program, SIGKILL);
  int status = 0;
  while (::waitpid(program, &status, 0) < 0 && errno == EINTR) {
  }
  // To process 1 it was left, and nobody else reaps it.
  while (::waitpid(-program, nullptr, 0) > 0) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool is_program(std::string_view name) {
  const char* path = std::getenv("PATH");  // NOLINT: nobody changes it
  for (std::string_view folder : split(path == nullptr ? "/bin:/usr/bin" : path, ':')) {
    std::string file(folder);
    file.append("/").append(name);
    if (::access(file.c_str(), X_OK) == 0) return true;
  }
  return false;
}

Task<Result<ProgramEnd>> run_program(std::vector<std::string> command, Duration timeout,
                                     std::vector<std::string> variables) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) co_return Error::system(errno, "pipe");
  const Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  async::Readiness output_ready;
  Status watched = output_ready.open(ours.get());
  if (!watched) co_return watched.error();
  auto starting = offload([&] {
    return start_program(std::move(command), {-1, theirs.get(), theirs.get()}, std::move(variables));
  });
  Result<pid_t> started = co_await starting;
  theirs.close();
  if (!started) co_return started.error();
  const pid_t pid = *started;

  ProgramEnd end;
  Scope* mine = co_await current_scope();
  Scope reading(mine);
  reading.spawn(read_output(output_ready, ours.get(), end.output));
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  Status ended = !process ? Status(Error::system(errno, "pidfd_open")) : Status();
  async::Readiness ended_ready;
  if (ended) ended = ended_ready.open(process.get());
  if (ended) {
    Status exited = co_await ended_ready.readable_by(Loop::current().read_clock() + timeout);
    ended = exited;
  }
  auto reaping = offload([pid] { return end_program(pid); });
  end.status = co_await reaping;
  drain(ours.get(), end.output);
  reading.cancel(Error::of(Code::cancelled, "the program ended"));
  co_await reading.join();
  if (!ended) co_return ended.error();
  co_return std::move(end);
}

}  // namespace sluice
