#include "server/entry_point.h"

#include "net/socket_stream.h"
#include "observe/log.h"
#include "observe/rate_limited.h"
#include "server/reception.h"

namespace sluice::server {
namespace {

constexpr std::size_t kCloseWhenExhausted = 32;

}  // namespace

void EntryPoint::drain() {
  Listener::close();
  connections_.drain();
}

void EntryPoint::on_accept(int fd, const SocketAddress& remote) {
  Result<std::unique_ptr<net::SocketStream>> stream = net::SocketStream::adopt(fd);
  if (!stream) return;
  http::Peer peer;
  peer.remote = remote;
  peer.local = local();
  peer.entry_point = settings_.name;
  Reception::Place place{settings_, index_, host_, connections_, scope_, handshakes_};
  scope_.spawn(Reception::run(std::move(*stream), peer, place));
}

void EntryPoint::on_exhausted() {
  std::size_t closed = connections_.close_oldest_idle(kCloseWhenExhausted);
  shortage_.descriptors_exhausted();
  static log::RateLimited limiter(10s);
  if (std::optional<log::RateLimited::Pass> pass = limiter.admit(settings_.name, Time::now())) {
    log::error(
        "no file descriptors are left: accepting pauses, idle connections are closed (raise the limit of open "
        "files)",
        {{log::field::kEntryPoint, settings_.name}, {"closed", closed}});
  }
}

}  // namespace sluice::server
