#include "server/udp_session.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "net/system_calls.h"

namespace sluice::server {

UdpSession::UdpSession(Owner& owner, Identity identity, Duration timeout)
    : owner_(owner), identity_(std::move(identity)), timeout_(timeout), active_(Loop::current().now()) {
  Timer::set(timeout_);
}

UdpSession::~UdpSession() {
  Timer::clear();
  if (fd_ < 0) return;
  FdWatch::stop();
  close(fd_);
}

Status UdpSession::connect(const SocketAddress& server) {
  Result<int> fd = net::connect_udp(server);
  if (!fd) return fd.error();
  fd_ = *fd;
  Status watched = FdWatch::start(fd_, true, false);
  if (!watched) return watched;
  for (const std::string& datagram : std::exchange(waiting_, {})) {
    Status sent = send(datagram);
    if (!sent) return sent;
  }
  return {};
}

Status UdpSession::send(std::string_view datagram) {
  active_ = Loop::current().now();
  if (fd_ < 0) {
    if (waiting_.size() < kMostWaiting) waiting_.emplace_back(datagram);
    return {};
  }
  for (;;) {
    if (net::send_to(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return {};
    if (errno == EINTR) continue;
    // The answer to an earlier datagram was that nobody listens there.
    if (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH) {
      return Error::system(errno, "send", Origin::upstream);
    }
    return {};  // lost: no room in the socket, or larger than the path takes
  }
}

void UdpSession::on_ready(bool, bool) {
  net::Datagrams& datagrams = owner_.datagrams();
  Result<std::size_t> count = datagrams.receive(fd_);
  if (!count) {
    owner_.failed(*this, count.error());
    return;
  }
  if (*count == 0) return;
  active_ = Loop::current().now();
  owner_.answer(*this, datagrams, *count);
}

void UdpSession::on_timer() {
  Duration silent = Loop::current().now() - active_;
  if (silent >= timeout_) {
    owner_.end(*this);
    return;
  }
  Timer::set(timeout_ - silent);
}

}  // namespace sluice::server
