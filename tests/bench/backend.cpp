// backend.cpp: the fastest upstream server there can be, for tests/bench. Answers every request head with one canned
// reply, keeps connections, reads no bodies.
//
//   backend BODY_BYTES [PORT]      prints "port N" once it listens
#include <arpa/inet.h>
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

#include "loopback.h"

namespace {

struct Connection {
  int fd;
  unsigned matched = 0;  // how much of CRLF CRLF has been seen
  size_t owed = 0;       // replies not sent yet
  size_t sent = 0;       // bytes of the current one that went out
  bool waits_for_room = false;
};

std::string reply;
char scratch[64 * 1024];

void write_owed(int epoll, Connection& connection) {
  while (connection.owed > 0) {
    ssize_t sent = send(connection.fd, reply.data() + connection.sent, reply.size() - connection.sent, MSG_NOSIGNAL);
    if (sent < 0) break;
    connection.sent += static_cast<size_t>(sent);
    if (connection.sent < reply.size()) continue;
    connection.sent = 0;
    --connection.owed;
  }
  bool wait = connection.owed > 0;
  if (wait == connection.waits_for_room) return;
  connection.waits_for_room = wait;
  epoll_event event{};
  event.events = EPOLLIN | (wait ? EPOLLOUT : 0u);
  event.data.ptr = &connection;
  epoll_ctl(epoll, EPOLL_CTL_MOD, connection.fd, &event);
}

void count_heads(Connection& connection, const char* data, size_t size) {
  static const char kEnd[] = "\r\n\r\n";
  for (size_t i = 0; i < size; ++i) {
    if (data[i] == kEnd[connection.matched]) {
      if (++connection.matched < 4) continue;
      connection.matched = 0;
      ++connection.owed;
    } else {
      connection.matched = data[i] == '\r' ? 1 : 0;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: backend BODY_BYTES [PORT]\n");
    return 2;
  }
  std::string body(static_cast<size_t>(std::atol(argv[1])), 'x');
  reply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body;

  const int listener = listening(static_cast<std::uint16_t>(argc > 2 ? std::atoi(argv[2]) : 0));

  int epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  epoll_event ready[256];
  for (;;) {
    int count = epoll_wait(epoll, ready, 256, -1);
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(ready[i].data.ptr);
      if (connection == nullptr) {
        for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
          int on = 1;
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
          event.events = EPOLLIN;
          event.data.ptr = new Connection{fd};
          epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
        continue;
      }
      if ((ready[i].events & EPOLLOUT) != 0) write_owed(epoll, *connection);
      if ((ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) continue;
      ssize_t got = recv(connection->fd, scratch, sizeof scratch, 0);
      if (got > 0) {
        count_heads(*connection, scratch, static_cast<size_t>(got));
        write_owed(epoll, *connection);
      } else if (got == 0 || errno != EAGAIN) {
        close(connection->fd);
        delete connection;
      }
    }
  }
}
