#include "async/readiness.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

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
