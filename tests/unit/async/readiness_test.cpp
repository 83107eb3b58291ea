#include "async/readiness.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "async/timer.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;

namespace {

struct Pair {
  Pair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0); }
  ~Pair() {
    close(fd[0]);
    if (fd[1] >= 0) close(fd[1]);
  }
  int fd[2];
};

Task<Status> wait_readable(async::Readiness& readiness, Deadline deadline) {
  readiness.not_readable();
  Status ready = co_await readiness.readable_by(deadline);
  co_return ready;
}

Task<Status> wait_then_wait(async::Readiness& readiness, int peer) {
  readiness.not_readable();
  Deadline soon = Loop::current().now() + 30ms;
  Status first = co_await readiness.readable_by(soon);
  if (first || first.error().code != Code::timed_out) co_return Error::of(Code::internal, "expected a timeout");
  if (write(peer, "x", 1) != 1) co_return Error::of(Code::internal, "write");
  Status second = co_await readiness.readable_by(Loop::current().now() + 10s);
  co_return second;
}

// Whether the epoll set that `fd` is in reports arrivals (proc_pid_fdinfo(5)).
bool listened_to(int fd) {
  for (const auto& open : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream file(open.path());
    for (std::string line; std::getline(file, line);) {
      int watched = -1;
      unsigned events = 0;
      if (std::sscanf(line.c_str(), "tfd: %d events: %x", &watched, &events) == 2 && watched == fd) {
        return (events & EPOLLIN) != 0;
      }
    }
  }
  FAIL("the descriptor is in no epoll set");
  return false;
}

}  // namespace

TEST_CASE("a socket becomes readable after its deadline passed once") {
  Loop loop;
  Pair pair;
  async::Readiness readiness;
  REQUIRE(readiness.open(pair.fd[0]).ok());
  CHECK(test::run_on(loop, wait_then_wait(readiness, pair.fd[1])).ok());
}

TEST_CASE("the end of the peer wakes the reader and stays visible") {
  Loop loop;
  Pair pair;
  async::Readiness readiness;
  REQUIRE(readiness.open(pair.fd[0]).ok());
  close(pair.fd[1]);
  pair.fd[1] = -1;
  CHECK(test::run_on(loop, wait_readable(readiness, kNoDeadline)).ok());
  CHECK(readiness.hung_up());
  readiness.not_readable();
  CHECK(readiness.readable());  // the end is never forgotten
}

TEST_CASE("whoever goes on sending is not listened to until what arrived is read") {
  Loop loop;
  Pair pair;
  async::Readiness readiness;
  REQUIRE(readiness.open(pair.fd[0]).ok());
  auto arrive = [&] {
    REQUIRE(write(pair.fd[1], "x", 1) == 1);
    loop.run_ready();
  };
  arrive();
  arrive();
  CHECK(listened_to(pair.fd[0]));
  arrive();
  CHECK_FALSE(listened_to(pair.fd[0]));
  CHECK(readiness.readable());
  arrive();
  SECTION("then again, and what arrived meanwhile is there") {
    char bytes[8];
    CHECK(read(pair.fd[0], bytes, sizeof bytes) == 4);
    REQUIRE(write(pair.fd[1], "x", 1) == 1);
    readiness.not_readable();
    CHECK(listened_to(pair.fd[0]));
    CHECK_FALSE(readiness.readable());
    loop.run_ready();
    CHECK(readiness.readable());
  }
  SECTION("its end is heard all the same") {
    CHECK(::shutdown(pair.fd[1], SHUT_WR) == 0);
    loop.run_ready();
    CHECK(readiness.hung_up());
    CHECK_FALSE(readiness.all_arrived());  // urgent data would not have been heard of
  }
  SECTION("waiting to write does not change that") {
    std::string much(1 << 20, 'y');
    while (send(pair.fd[0], much.data(), much.size(), MSG_DONTWAIT) > 0) {
    }
    readiness.not_writable();
    Scope scope;
    struct Waits {
      static Task<void> write(async::Readiness& readiness, bool& ready) {
        Status waited = co_await readiness.writable_by(kNoDeadline);
        ready = waited.ok();
      }
    };
    bool ready = false;
    scope.spawn(Waits::write(readiness, ready));
    loop.run_ready();
    CHECK_FALSE(ready);
    CHECK_FALSE(listened_to(pair.fd[0]));
    while (recv(pair.fd[1], much.data(), much.size(), MSG_DONTWAIT) > 0) {
    }
    loop.run_ready();
    CHECK(ready);
  }
}
