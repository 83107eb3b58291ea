#include "net/splice.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "async/timer.h"

namespace sluice::net {
namespace {

constexpr std::size_t kPipeSize = 1024 * 1024;
constexpr std::size_t kKeepPipes = 16;   // idle pipes per loop
constexpr std::size_t kMostPipes = 256;  // per loop; kernels limit the pipe pages of a user
constexpr std::size_t kQuietBelow = 32 * 1024;
constexpr int kMovesPerTurn = 8;

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

// Empty pipes of this thread.
struct Pool {
  std::vector<Pipe> idle;
  std::size_t open = 0;

  ~Pool() {
    for (const Pipe& pipe : idle) {
      close(pipe.read_end);
      close(pipe.write_end);
    }
  }
};
thread_local Pool pool;

// A pipe for one transfer. Goes back to the pool only when it is empty again.
class Lease {
 public:
  Lease() {
    if (!pool.idle.empty()) {
      pipe_ = pool.idle.back();
      pool.idle.pop_back();
      return;
    }
    int ends[2];
    if (pool.open >= kMostPipes || pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return;
    fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);  // refused for a user over its limit: the default size still works
    pipe_ = {ends[0], ends[1]};
    ++pool.open;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    if (pipe_.read_end < 0) return;
    if (held == 0 && pool.idle.size() < kKeepPipes) {
      pool.idle.push_back(pipe_);
      return;
    }
    close(pipe_.read_end);
    close(pipe_.write_end);
    --pool.open;
  }
  explicit operator bool() const { return pipe_.read_end >= 0; }
  const Pipe& pipe() const { return pipe_; }

  std::size_t held = 0;  // bytes in the pipe

 private:
  Pipe pipe_;
};

// Empties the pipe into the socket.
Task<Status> drain(Lease& lease, SocketStream& to, Duration stall) {
  while (lease.held > 0) {
    ssize_t sent =
        splice(lease.pipe().read_end, nullptr, to.fd(), nullptr, lease.held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (sent > 0) {
      lease.held -= static_cast<std::size_t>(sent);
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent == 0 || errno != EAGAIN) co_return Error::system(sent == 0 ? EPIPE : errno, "splice to socket");
    to.readiness().not_writable();
    Status ready = co_await to.readiness().writable_by(Loop::current().now() + stall);
    if (!ready) co_return ready;
  }
  co_return Status();
}

Task<Moved> move_through_pipe(Lease& lease, SocketStream& from, SocketStream& to, std::uint64_t count, Duration stall,
                              bool until_quiet) {
  Moved moved;
  int moves = 0;
  while (moved.bytes < count) {
    if (++moves % kMovesPerTurn == 0) co_await yield_turn();
    std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(count - moved.bytes, kPipeSize));
    ssize_t got = splice(from.fd(), nullptr, lease.pipe().write_end, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      from.readiness().not_readable();
      if (until_quiet) co_return moved;
      if (from.readiness().readable()) {
        co_await yield_turn();
        continue;
      }
      Status ready = co_await from.readiness().readable_by(Loop::current().now() + stall);
      if (ready) continue;
      moved.source = ready;
      co_return moved;
    }
    if (got == 0 && until_quiet) co_return moved;
    if (got <= 0) {
      moved.source = got == 0 ? Error::of(Code::closed, "ended early") : Error::system(errno, "splice from socket");
      co_return moved;
    }
    lease.held = static_cast<std::size_t>(got);
    moved.sink = co_await drain(lease, to, stall);
    if (!moved.sink) co_return moved;
    moved.bytes += static_cast<std::uint64_t>(got);
    if (until_quiet && static_cast<std::size_t>(got) < kQuietBelow) co_return moved;
  }
  co_return moved;
}

Task<Moved> copy_through_scratch(SocketStream& from, SocketStream& to, std::uint64_t count, Duration stall) {
  Moved moved;
  while (moved.bytes < count) {
    from.start_reads_at(
        static_cast<std::uint32_t>(std::min<std::uint64_t>(count - moved.bytes, SocketStream::kFirstRead)));
    Result<Bytes> bytes = co_await from.read(Loop::current().now() + stall);
    if (!bytes || bytes->empty()) {
      moved.source = bytes ? Status(Error::of(Code::closed, "ended early")) : Status(bytes.error());
      co_return moved;
    }
    std::size_t size = bytes->size();
    moved.sink = co_await write_all(to, *bytes, stall);
    if (!moved.sink) co_return moved;
    moved.bytes += size;
  }
  co_return moved;
}

}  // namespace

Task<Moved> splice_exactly(SocketStream& from, SocketStream& to, std::uint64_t count, Duration stall) {
  Lease lease;
  if (!lease) {
    Moved copied = co_await copy_through_scratch(from, to, count, stall);
    co_return copied;
  }
  Moved moved = co_await move_through_pipe(lease, from, to, count, stall, false);
  co_return moved;
}

Task<Moved> splice_until_quiet(SocketStream& from, SocketStream& to, Duration stall) {
  Lease lease;
  if (!lease) co_return Moved();
  Moved moved = co_await move_through_pipe(lease, from, to, UINT64_MAX, stall, true);
  co_return moved;
}

}  // namespace sluice::net
