// tls_load.cpp: a closed-loop load generator over TLS 1.3 for tests/bench: exactly so many requests over so many
// connections to a loopback port, each checked for status 200 and a whole body. Prints one line of JSON.
//
//   tls_load PORT CONNECTIONS REQUESTS NAME [--close] [--resume] [--names N]
//
// --close: a connection and a full handshake per request. --resume: each connection after a slot's first resumes the
// one before it; one that does not is an error. NAME goes into the handshake and the Host field; with --names it is one
// of hN.NAME for N below that number, another one for each connection, in an order that is the same in every run, and a
// certificate for another name is an error.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
  int fd = -1;
  SSL* session = nullptr;
  SSL_SESSION* earlier = nullptr;  // of this slot's last connection
  bool shaken = false;
  Clock::time_point asked;
  std::string name;
  std::string head;  // of the current reply, until complete
  bool in_body = false;
  size_t left = 0;
};

int epoll = -1;
SSL_CTX* context = nullptr;
sockaddr_in address{};
bool close_mode = false, resume = false;
std::string name;
size_t names = 0;
std::minstd_rand chance(1);
size_t asked = 0, answered = 0, errors = 0, total = 0, bytes = 0, resumed = 0;
std::vector<uint32_t> latencies;
char scratch[256 * 1024];

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s: ", what);
  ERR_print_errors_fp(stderr);
  std::perror("");
  std::exit(1);
}

void open(Connection& connection) {
  connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
  fcntl(connection.fd, F_SETFL, O_NONBLOCK);
  int on = 1;
  setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &connection;
  epoll_ctl(epoll, EPOLL_CTL_ADD, connection.fd, &event);
  connection.session = SSL_new(context);
  SSL_set_fd(connection.session, connection.fd);
  connection.name = names == 0 ? name : "h" + std::to_string(chance() % names) + "." + name;
  SSL_set_tlsext_host_name(connection.session, connection.name.c_str());
  SSL_set_connect_state(connection.session);
  if (resume && connection.earlier != nullptr) SSL_set_session(connection.session, connection.earlier);
  connection.shaken = false;
  connection.asked = Clock::now();
}

void ask(Connection& connection) {
  connection.head.clear();
  connection.in_body = false;
  std::string message =
      "GET / HTTP/1.1\r\nHost: " + connection.name + (close_mode ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
  if (SSL_write(connection.session, message.data(), static_cast<int>(message.size())) !=
      static_cast<int>(message.size())) {
    fail("write");
  }
}

// Goes on with the handshake and, once it is done, asks. False: it has to be waited for.
bool shake(Connection& connection) {
  int outcome = SSL_do_handshake(connection.session);
  if (outcome != 1) {
    if (SSL_get_error(connection.session, outcome) == SSL_ERROR_WANT_READ) return false;
    fail("handshake");
  }
  connection.shaken = true;
  if (resume && connection.earlier != nullptr) {
    if (SSL_session_reused(connection.session) == 1) {
      ++resumed;
    } else {
      ++errors;
    }
  }
  if (names != 0) {
    X509* certificate = SSL_get0_peer_certificate(connection.session);
    if (X509_check_host(certificate, connection.name.data(), connection.name.size(), 0, nullptr) != 1) ++errors;
  }
  ask(connection);
  return true;
}

void close(Connection& connection) {
  if (resume) {
    if (connection.earlier != nullptr) SSL_SESSION_free(connection.earlier);
    connection.earlier = SSL_get1_session(connection.session);
  }
  SSL_shutdown(connection.session);
  SSL_free(connection.session);
  ::close(connection.fd);
  connection.session = nullptr;
}

size_t content_length(std::string_view head) {
  if (head.substr(0, 12) != "HTTP/1.1 200" && errors++ < 3) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(head.find('\r')), head.data());
  }
  for (size_t at = head.find("\r\n"); at != std::string_view::npos && at + 2 < head.size();
       at = head.find("\r\n", at)) {
    at += 2;
    if (strncasecmp(head.data() + at, "content-length:", 15) == 0)
      return std::strtoull(head.data() + at + 15, nullptr, 10);
  }
  ++errors;
  return 0;
}

// True when the reply is whole.
bool take(Connection& connection, std::string_view data) {
  if (!connection.in_body) {
    connection.head += data;
    size_t end = connection.head.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    connection.left = content_length(std::string_view(connection.head).substr(0, end + 2));
    connection.in_body = true;
    data = std::string_view(connection.head).substr(end + 4);
  }
  bytes += data.size();
  if (data.size() > connection.left) ++errors;
  connection.left -= std::min(connection.left, data.size());
  return connection.left == 0;
}

void finished(Connection& connection) {
  ++answered;
  auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - connection.asked).count();
  latencies.push_back(static_cast<uint32_t>(took));
  bool more = asked < total;
  if (!close_mode) {
    if (!more) return;
    ++asked;
    connection.asked = Clock::now();
    ask(connection);
    return;
  }
  close(connection);
  if (more) {
    ++asked;
    open(connection);
    shake(connection);
  }
}

void ready(Connection& connection) {
  if (!connection.shaken && !shake(connection)) return;
  for (;;) {
    int got = SSL_read(connection.session, scratch, sizeof scratch);
    if (got <= 0) {
      if (SSL_get_error(connection.session, got) == SSL_ERROR_WANT_READ) return;
      fail("read");
    }
    if (!take(connection, {scratch, static_cast<size_t>(got)})) continue;
    finished(connection);
    if (close_mode) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: tls_load PORT CONNECTIONS REQUESTS NAME [--close] [--resume] [--names N]\n");
    return 2;
  }
  size_t count = std::strtoull(argv[2], nullptr, 10);
  total = std::strtoull(argv[3], nullptr, 10);
  name = argv[4];
  for (int i = 5; i < argc; ++i) {
    if (std::strcmp(argv[i], "--close") == 0) close_mode = true;
    if (std::strcmp(argv[i], "--resume") == 0) close_mode = resume = true;
    if (std::strcmp(argv[i], "--names") == 0 && i + 1 < argc) names = std::strtoull(argv[++i], nullptr, 10);
  }
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::strtoul(argv[1], nullptr, 10)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set1_groups_list(context, "X25519");
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  latencies.reserve(total);
  std::vector<Connection> connections(std::min(count, total));
  auto began = Clock::now();
  for (Connection& connection : connections) {
    ++asked;
    open(connection);
    shake(connection);
  }
  epoll_event events[256];
  while (answered < total) {
    int some = epoll_wait(epoll, events, 256, 30'000);
    if (some <= 0) fail("nothing happens");
    for (int i = 0; i < some; ++i) ready(*static_cast<Connection*>(events[i].data.ptr));
  }
  double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "{\"requests\": %zu, \"errors\": %zu, \"bytes\": %zu, \"resumed\": %zu, \"seconds\": %.6f, \"p50_us\": %u, "
      "\"p99_us\": %u}\n",
      answered, errors, bytes, resumed, seconds, latencies[latencies.size() / 2],
      latencies[latencies.size() * 99 / 100]);
  return errors == 0 ? 0 : 1;
}
