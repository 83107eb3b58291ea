#include "net/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sluice::net {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr int kBacklog = 4096;
constexpr int kKeepAliveSeconds = 180;  // as Traefik: TCP keep-alive with a period of three minutes
constexpr Duration kPauseWhenExhausted = 100ms;

// A bound socket; `shared` sets SO_REUSEPORT.
Result<int> bind_socket(const SocketAddress& address, bool shared) {
  sockaddr_storage storage;
  socklen_t length = address.fill(storage);
  int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 && errno == EAFNOSUPPORT && address.ip == IpAddress()) {
    // A machine without IPv6: "any address" means any IPv4 address.
    length = SocketAddress{IpAddress::v4(0), address.port}.fill(storage);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  }
  if (fd < 0) return Error::system(errno, "socket");
  int on = 1;
  int off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (storage.ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(fd, reinterpret_cast<sockaddr*>(&storage), length) != 0) {
    Error error = Error::system(errno, "bind");
    ::close(fd);
    return error;
  }
  return fd;
}

}  // namespace

Status probe_address(const SocketAddress& address) {
  if (address.port == 0) return {};
  Result<int> fd = bind_socket(address, false);
  if (!fd) return fd.error();
  // Binding alone does not see every conflict with SO_REUSEADDR set; listening does.
  Status listening;
  if (listen(*fd, 1) != 0) listening = Error::system(errno, "listen");
  ::close(*fd);
  return listening;
}

Listener::~Listener() {
  if (fd_ >= 0) {
    FdWatch::stop();
    ::close(fd_);
  }
}

Status Listener::open(const SocketAddress& address) {
  Result<int> fd = bind_socket(address, true);
  if (!fd) return fd.error();
  fd_ = *fd;
  int on = 1;
  int idle = kKeepAliveSeconds;
  // Accepted sockets inherit these, which saves the calls per connection.
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd_, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  setsockopt(fd_, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof idle);
  if (listen(fd_, kBacklog) != 0) return Error::system(errno, "listen");
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &length) != 0) return Error::system(errno, "getsockname");
  Result<SocketAddress> local = SocketAddress::from(reinterpret_cast<sockaddr*>(&bound));
  if (!local) return local.error();
  local_ = *local;
  return {};
}

Status Listener::start() { return FdWatch::start(fd_, true, false); }

void Listener::close() {
  if (fd_ < 0) return;
  // Connections in the kernel's queue would be reset; they came before we stopped.
  while (accept_some(kAcceptsPerTurn)) {
  }
  Timer::clear();
  FdWatch::stop();
  ::close(std::exchange(fd_, -1));
}

void Listener::on_ready(bool, bool) { accept_some(kAcceptsPerTurn); }

void Listener::on_timer() { [[maybe_unused]] Status started = FdWatch::start(fd_, true, false); }

// True when the queue may hold more.
bool Listener::accept_some(int most) {
  for (int i = 0; i < most; ++i) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN) return false;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        FdWatch::stop();
        Timer::set(kPauseWhenExhausted);
        on_exhausted();
        return false;
      }
      continue;  // the connection died in the queue (ECONNABORTED, EPROTO …)
    }
    Result<SocketAddress> remote = SocketAddress::from(reinterpret_cast<sockaddr*>(&peer));
    if (!remote) {
      ::close(fd);
      continue;
    }
    on_accept(fd, *remote);
  }
  return true;
}

}  // namespace sluice::net
