// grpc_backend.cpp: a server of HTTP/2 in plaintext for tests/bench that answers every unary gRPC call with one message
// and the status in trailers.
//
//   grpc_backend BYTES      prints "port N" once it listens
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "loopback.h"

namespace {

struct Connection {
  int fd;
  nghttp2_session* session = nullptr;
  std::string waiting = {};  // what the socket did not take
};

std::string message;  // the five bytes of gRPC's framing, and as many as asked for
char scratch[64 * 1024];

nghttp2_nv field(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

ssize_t read_message(nghttp2_session* session, int32_t stream, uint8_t* to, size_t room, uint32_t* flags,
                     nghttp2_data_source* source, void* /*user*/) {
  auto sent = reinterpret_cast<uintptr_t>(source->ptr);
  size_t some = std::min(room, message.size() - sent);
  std::memcpy(to, message.data() + sent, some);
  source->ptr = reinterpret_cast<void*>(sent + some);
  if (sent + some == message.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_nv trailers[] = {field("grpc-status", "0")};
    nghttp2_submit_trailer(session, stream, trailers, 1);
  }
  return static_cast<ssize_t>(some);
}

int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* /*user*/) {
  bool of_request = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
  if (!of_request || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  nghttp2_nv head[] = {field(":status", "200"), field("content-type", "application/grpc")};
  nghttp2_data_provider content{};
  content.read_callback = read_message;
  return nghttp2_submit_response(session, frame->hd.stream_id, head, 2, &content);
}

bool flush(int epoll, Connection& connection) {
  bool waited = !connection.waiting.empty();
  for (;;) {
    const uint8_t* data = nullptr;
    ssize_t some = connection.waiting.size() < sizeof scratch ? nghttp2_session_mem_send(connection.session, &data) : 0;
    if (some < 0) return false;
    if (some == 0) break;
    connection.waiting.append(reinterpret_cast<const char*>(data), static_cast<size_t>(some));
  }
  if (connection.waiting.empty()) return nghttp2_session_want_read(connection.session) != 0;
  ssize_t sent = send(connection.fd, connection.waiting.data(), connection.waiting.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  if (sent > 0) connection.waiting.erase(0, static_cast<size_t>(sent));
  if (waited != !connection.waiting.empty()) {
    epoll_event event{};
    event.events = EPOLLIN | (connection.waiting.empty() ? 0u : EPOLLOUT);
    event.data.ptr = &connection;
    epoll_ctl(epoll, EPOLL_CTL_MOD, connection.fd, &event);
  }
  return true;
}

bool serve(int epoll, Connection& connection, uint32_t events) {
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    ssize_t got = recv(connection.fd, scratch, sizeof scratch, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
    if (got > 0 && nghttp2_session_mem_recv(connection.session, reinterpret_cast<uint8_t*>(scratch),
                                            static_cast<size_t>(got)) != got) {
      return false;
    }
  }
  return flush(epoll, connection);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: grpc_backend BYTES\n");
    return 2;
  }
  uint32_t size = htonl(static_cast<uint32_t>(std::atol(argv[1])));
  message.assign(1, '\0');
  message.append(reinterpret_cast<const char*>(&size), sizeof size).append(ntohl(size), 'x');

  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);

  const int listener = listening();

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
          auto* accepted = new Connection{fd};
          event.data.ptr = accepted;
          nghttp2_session_server_new(&accepted->session, callbacks, nullptr);
          nghttp2_settings_entry streams{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000};
          nghttp2_submit_settings(accepted->session, NGHTTP2_FLAG_NONE, &streams, 1);
          epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
        continue;
      }
      if (serve(epoll, *connection, ready[i].events)) continue;
      nghttp2_session_del(connection->session);
      close(connection->fd);
      delete connection;
    }
  }
}
