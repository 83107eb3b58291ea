#include "net/socket_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "async/timer.h"
#include "net/system_calls.h"

namespace sluice::net {
namespace {

// A peer that sends faster than we pass on must not keep the loop: after so many reads in one turn others go first.
constexpr std::uint32_t kReadsPerTurn = 8;
constexpr std::size_t kSmallMessage = 4096;

}  // namespace

Result<std::unique_ptr<SocketStream>> SocketStream::adopt(int fd, bool connecting) {
  std::unique_ptr<SocketStream> stream(new SocketStream(fd));
  Status opened = stream->readiness_.open(fd, connecting);
  if (!opened) return opened.error();
  return stream;
}

SocketStream::~SocketStream() { close(fd_); }

Task<Result<Bytes>> SocketStream::read(Deadline deadline) {
  if (given_up_ != Code::internal) co_return Error::of(given_up_, "given up");
  if (ended_) co_return Bytes();
  Loop& loop = Loop::current();
  if (loop.turn() == last_turn_) {
    if (++reads_in_turn_ >= kReadsPerTurn) {
      reads_in_turn_ = 0;
      co_await yield_turn();
    }
  } else {
    reads_in_turn_ = 0;
  }
  for (;;) {
    // After a read that drained the socket the next one waits first: asking at once would mostly find nothing.
    if (!readiness_.readable()) {
      Status ready = co_await readiness_.readable_by(deadline);
      if (!ready) co_return ready.error();
    }
    std::size_t size = std::min<std::size_t>(read_size_, Loop::kScratch);
    char* buffer = loop.scratch().data();
    ssize_t got = receive_from(fd_, buffer, size, 0);
    if (got > 0) {
      auto count = static_cast<std::size_t>(got);
      last_turn_ = loop.turn();
      if (count < size) {
        // A short read of a stream socket has drained it (epoll(7)), so the next read can wait first.
        readiness_.not_readable();
        ended_ = readiness_.all_arrived();
        if (reads_in_turn_ == 0) read_size_ = std::min(kFirstRead, most_read_);
      } else {
        read_size_ = std::min(read_size_ * 4, most_read_);
      }
      loop.lent(count);
      co_return Bytes(buffer, count);
    }
    if (got == 0) co_return Bytes();
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return Error::system(errno, "recv");
    readiness_.not_readable();
    if (readiness_.hung_up() && readiness_.readable()) {
      // The end was announced but is not here yet (EPOLLRDHUP before the data is drained): look again next turn.
      co_await yield_turn();
    }
  }
}

Result<std::size_t> SocketStream::write_now(std::span<const iovec> pieces, std::size_t total, Follows follows) {
  if (given_up_ != Code::internal) return Error::of(given_up_, "given up");
  // A list costs the kernel more than copying a small message does.
  char small[kSmallMessage];
  const void* bytes = pieces[0].iov_base;
  if (pieces.size() > 1 && total <= kSmallMessage) {
    char* end = small;
    for (const iovec& piece : pieces) end = std::copy_n(static_cast<const char*>(piece.iov_base), piece.iov_len, end);
    bytes = small;
  }
  int flags = MSG_NOSIGNAL | (follows == Follows::more ? MSG_MORE : 0);
  for (;;) {
    ssize_t sent = 0;
    if (pieces.size() == 1 || bytes == small) {
      sent = send_to(fd_, bytes, total, flags);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(pieces.data());
      message.msg_iovlen = pieces.size();
      sent = sendmsg(fd_, &message, flags);
    }
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN) return std::size_t{0};
    if (errno == EINTR) continue;
    Error error = Error::system(errno, "send");
    error.nothing_sent = true;
    return error;
  }
}

Task<Status> SocketStream::write_rest(std::unique_ptr<char[]> rest, std::size_t size, Duration stall) {
  std::size_t done = 0;
  while (done < size) {
    readiness_.not_writable();
    Status ready = co_await readiness_.writable_by(Loop::current().now() + stall);
    if (!ready) co_return ready;
    ssize_t sent = send(fd_, rest.get() + done, size - done, MSG_NOSIGNAL);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno != EAGAIN && errno != EINTR) {
      co_return Error::system(errno, "send");
    }
  }
  co_return Status();
}

bool SocketStream::alive() {
  char byte = 0;
  if (given_up_ != Code::internal || recv(fd_, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN) return false;
  readiness_.not_readable();
  return !readiness_.hung_up();
}

void SocketStream::shutdown() {
  if (::shutdown(fd_, SHUT_WR) != 0) readiness_.was_reset();
}

void SocketStream::abort() {
  linger reset{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  given_up_ = Code::reset;
  readiness_.interrupt(Error::of(Code::reset, "given up"));
}

void SocketStream::interrupt() {
  given_up_ = Code::closed;
  readiness_.interrupt(Error::of(Code::closed, "given up"));
}

SocketAddress SocketStream::local() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  Result<SocketAddress> address = SocketAddress::from(reinterpret_cast<sockaddr*>(&storage));
  return address ? *address : SocketAddress();
}

void SocketStream::keep_alive(Duration interval) {
  int on = 1;
  setsockopt(fd_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  int seconds = static_cast<int>(std::clamp<std::int64_t>(interval / 1s, 1, 32767));
  setsockopt(fd_, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
  setsockopt(fd_, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
}

Task<Status> SocketStream::wait_readable(Deadline deadline) {
  Status ready = co_await readiness_.readable_by(deadline);
  co_return ready;
}

}  // namespace sluice::net
