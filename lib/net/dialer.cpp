#include "net/dialer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::net {
namespace {

Error dial_error(Error error) {
  error.nothing_sent = true;
  if (error.code != Code::cancelled) error.origin = Origin::upstream;
  return error;
}

Task<Result<std::unique_ptr<SocketStream>>> connect_socket(int fd, sockaddr_storage address, socklen_t length,
                                                           Deadline deadline) {
  bool pending = connect(fd, reinterpret_cast<sockaddr*>(&address), length) != 0;
  if (pending && errno != EINPROGRESS) {
    Error error = dial_error(Error::system(errno, "connect"));
    close(fd);
    co_return error;
  }
  Result<std::unique_ptr<SocketStream>> stream = SocketStream::adopt(fd, pending);
  if (!stream) co_return dial_error(stream.error());
  if (pending) {
    async::Readiness& readiness = (*stream)->readiness();
    Status ready = co_await readiness.writable_by(deadline);
    if (!ready) {
      Error error = dial_error(ready.error());
      if (error.code == Code::timed_out) error.text = "connect timed out";
      co_return error;
    }
    if (readiness.broken()) {
      int failure = 0;
      socklen_t size = sizeof failure;
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
      if (failure != 0) co_return dial_error(Error::system(failure, "connect"));
    }
  }
  co_return std::move(*stream);
}

}  // namespace

Task<Result<std::unique_ptr<SocketStream>>> dial(SocketAddress address, First first, Deadline deadline) {
  sockaddr_storage storage;
  socklen_t length = address.fill(storage);
  int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return dial_error(Error::system(errno, "socket"));
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (first == First::us) setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &on, sizeof on);
  Result<std::unique_ptr<SocketStream>> stream = co_await connect_socket(fd, storage, length, deadline);
  co_return stream;
}

Task<Result<std::unique_ptr<SocketStream>>> dial_unix(std::string path, Deadline deadline) {
  sockaddr_storage storage{};
  auto* address = reinterpret_cast<sockaddr_un*>(&storage);
  if (path.size() >= sizeof address->sun_path) {
    co_return dial_error(Error::of(Code::invalid, "the path of a unix socket has at most 107 bytes"));
  }
  address->sun_family = AF_UNIX;
  std::memcpy(address->sun_path, path.data(), path.size());
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return dial_error(Error::system(errno, "socket"));
  Result<std::unique_ptr<SocketStream>> stream = co_await connect_socket(fd, storage, sizeof(sockaddr_un), deadline);
  co_return stream;
}

}  // namespace sluice::net
