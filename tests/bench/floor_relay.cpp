// floor_relay.cpp: the least a proxy can do. Relays bytes between each client and a backend connection of its own on
// one epoll loop and parses nothing: what it costs is what the kernel costs. The yardstick of tests/bench.
//
//   floor_relay BACKEND_PORT [--close]      prints "port N" once it listens
//
// --close: for the scenario of one connection per request. The client is closed after the first piece of the reply and
// the backend connection goes back to a pool, as in a proxy that keeps its upstream connections.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "loopback.h"

namespace {

struct Side {
  int fd = -1;
  Side* other = nullptr;
  bool client = false;
  bool reading = true;
  std::string unsent;  // what `fd` did not take yet; the other side is not read meanwhile
};

int epoll = -1;
bool close_after_reply = false;
sockaddr_in backend_address{};
std::vector<Side*> pool;
std::vector<Side*> ended;
char scratch[256 * 1024];

void watch(Side* side, int operation) {
  epoll_event event{};
  event.events = (side->reading ? EPOLLIN : 0u) | (side->unsent.empty() ? 0u : EPOLLOUT);
  event.data.ptr = side;
  epoll_ctl(epoll, operation, side->fd, &event);
}

void end(Side* side) {
  if (side->fd < 0) return;
  close(side->fd);
  side->fd = -1;
  ended.push_back(side);
}

void end_pair(Side* side) {
  if (side->other != nullptr) end(side->other);
  end(side);
}

Side* connect_backend() {
  if (!pool.empty()) {
    Side* kept = pool.back();
    pool.pop_back();
    return kept;
  }
  auto* side = new Side;
  side->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(side->fd, reinterpret_cast<sockaddr*>(&backend_address), sizeof backend_address) != 0) {
    perror("connect");
    exit(1);
  }
  fcntl(side->fd, F_SETFL, O_NONBLOCK);
  int on = 1;
  setsockopt(side->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  watch(side, EPOLL_CTL_ADD);
  return side;
}

void accept_clients(int listener) {
  for (;;) {
    int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto* client = new Side;
    client->fd = fd;
    client->client = true;
    client->other = connect_backend();
    client->other->other = client;
    watch(client, EPOLL_CTL_ADD);
  }
}

void relay(Side* from) {
  ssize_t got = recv(from->fd, scratch, sizeof scratch, 0);
  if (got < 0 && errno == EAGAIN) return;
  Side* to = from->other;
  if (got <= 0 || to == nullptr) return end_pair(from);
  ssize_t sent = send(to->fd, scratch, static_cast<size_t>(got), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return end_pair(from);
  if (sent < got) {
    to->unsent.append(scratch + (sent < 0 ? 0 : sent), static_cast<size_t>(got - (sent < 0 ? 0 : sent)));
    from->reading = false;
    watch(from, EPOLL_CTL_MOD);
    watch(to, EPOLL_CTL_MOD);
  } else if (close_after_reply && !from->client) {
    from->other = nullptr;
    pool.push_back(from);
    end(to);
  }
}

void flush(Side* side) {
  ssize_t sent = send(side->fd, side->unsent.data(), side->unsent.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return end_pair(side);
  if (sent > 0) side->unsent.erase(0, static_cast<size_t>(sent));
  if (!side->unsent.empty()) return;
  side->other->reading = true;
  watch(side->other, EPOLL_CTL_MOD);
  watch(side, EPOLL_CTL_MOD);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: floor_relay BACKEND_PORT [--close]\n");
    return 2;
  }
  close_after_reply = argc > 2 && std::strcmp(argv[2], "--close") == 0;
  backend_address.sin_family = AF_INET;
  backend_address.sin_port = htons(static_cast<uint16_t>(std::atoi(argv[1])));
  backend_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

  const int listener = listening();

  epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  epoll_event ready[256];
  for (;;) {
    int count = epoll_wait(epoll, ready, 256, -1);
    for (int i = 0; i < count; ++i) {
      auto* side = static_cast<Side*>(ready[i].data.ptr);
      if (side == nullptr) {
        accept_clients(listener);
        continue;
      }
      if (side->fd >= 0 && (ready[i].events & EPOLLOUT) != 0) flush(side);
      if (side->fd >= 0 && (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) relay(side);
    }
    for (Side* side : ended) delete side;
    ended.clear();
  }
}
