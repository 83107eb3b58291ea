#include "acme/dns/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "async/offload.h"
#include "async/readiness.h"
#include "async/scope.h"

extern char** environ;

namespace sluice::acme::dns {
namespace {

constexpr std::size_t kMostOutput = 64 * 1024;

// A descriptor of ours, closed with its owner.
struct Descriptor {
  Descriptor() = default;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }
  void reset() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  int fd = -1;
};

std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=')); }

bool is_among(std::string_view variable, const std::vector<std::string>& variables) {
  return std::any_of(variables.begin(), variables.end(),
                     [&](const std::string& one) { return name_of(one) == name_of(variable); });
}

// The attributes and file actions of a start, given back with their owner.
class Start {
 public:
  explicit Start(int output) {
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
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, 1);
    posix_spawn_file_actions_adddup2(&actions_, output, 2);
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

int exit_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace

Task<Result<ProgramEnd>> run_program(std::vector<std::string> command, Duration timeout,
                                     std::vector<std::string> variables) {
  if (command.empty()) co_return Error::of(Code::invalid, "no program");
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) co_return Error::system(errno, "pipe");
  Descriptor ours;
  Descriptor theirs;
  ours.fd = ends[0];
  theirs.fd = ends[1];
  ::fcntl(ours.fd, F_SETFL, O_NONBLOCK);
  async::Readiness output_ready;
  Status watched = output_ready.open(ours.fd);
  if (!watched) co_return watched.error();
  pid_t pid = 0;
  auto starting = offload([&] { return Start(theirs.fd).run(command, variables, pid); });
  int failed = co_await starting;
  theirs.reset();
  if (failed != 0) co_return Error::system(failed, "the program cannot be started");

  ProgramEnd end;
  Scope* mine = co_await current_scope();
  Scope reading(mine);
  reading.spawn(read_output(output_ready, ours.fd, end.output));
  Descriptor process;
  process.fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  Status ended = process.fd < 0 ? Status(Error::system(errno, "pidfd_open")) : Status();
  async::Readiness ended_ready;
  if (ended) ended = ended_ready.open(process.fd);
  if (ended) {
    Status exited = co_await ended_ready.readable_by(Loop::current().read_clock() + timeout);
    ended = exited;
  }
  // What it left behind goes with it, whether it came to its end or not.
  ::kill(-pid, SIGKILL);
  auto reaping = offload([pid] {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  });
  int status = co_await reaping;
  drain(ours.fd, end.output);
  reading.cancel(Error::of(Code::cancelled, "the program ended"));
  co_await reading.join();
  if (!ended) co_return ended.error();
  end.status = exit_status(status);
  co_return std::move(end);
}

}  // namespace sluice::acme::dns
