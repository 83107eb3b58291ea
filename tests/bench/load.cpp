// load.cpp: a closed-loop load generator for tests/bench: exactly so many requests over so many connections to a
// loopback port, each checked for status 200 and a whole body. Prints one line of JSON.
//
//   load PORT CONNECTIONS REQUESTS [--close] [--targets FILE] [--first FILE]
//
// --close: a connection per request, which asks for `Connection: close` and waits for the server's end.
// --targets: one "HOST PATH" per line, taken in turn; without it every request is GET / of bench.test.
// --first: what a connection begins with, before its first request.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
  int fd = -1;
  Clock::time_point asked;
  std::string head;  // of the current reply, until complete
  bool in_body = false;
  bool done = false;  // close mode: the reply is whole, the server's end is awaited
  size_t left = 0;
};

int epoll = -1;
sockaddr_in address{};
bool close_mode = false;
std::string first;
std::vector<std::string> messages;
size_t asked = 0, answered = 0, errors = 0, total = 0, bytes = 0;
std::vector<uint32_t> latencies;
char scratch[256 * 1024];

void say(Connection& connection, const std::string& message) {
  if (send(connection.fd, message.data(), message.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(message.size())) {
    std::fprintf(stderr, "short send: %s\n", std::strerror(errno));
    exit(1);
  }
}

void open(Connection& connection) {
  connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    perror("connect");
    exit(1);
  }
  fcntl(connection.fd, F_SETFL, O_NONBLOCK);
  int on = 1;
  setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &connection;
  epoll_ctl(epoll, EPOLL_CTL_ADD, connection.fd, &event);
  if (!first.empty()) say(connection, first);
}

void ask(Connection& connection) {
  if (asked >= total) return;
  const std::string& message = messages[asked++ % messages.size()];
  connection.asked = Clock::now();
  connection.head.clear();
  connection.in_body = connection.done = false;
  say(connection, message);
}

// The length announced by a reply head; 0 with an error counted when it is not what we expect.
size_t content_length(std::string_view head) {
  if (head.substr(0, 12) != "HTTP/1.1 200") {
    if (errors++ < 3) std::fprintf(stderr, "%.*s\n", static_cast<int>(head.find('\r')), head.data());
  }
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    std::string_view line = head.substr(at + 2);
    if (line.size() > 15 && strncasecmp(line.data(), "content-length:", 15) == 0)
      return std::strtoull(line.data() + 15, nullptr, 10);
  }
  ++errors;
  return 0;
}

void finish(Connection& connection) {
  ++answered;
  latencies.push_back(static_cast<uint32_t>((Clock::now() - connection.asked) / std::chrono::nanoseconds(1)));
  if (close_mode) {
    connection.done = true;
  } else {
    ask(connection);
  }
}

void take(Connection& connection, std::string_view data) {
  bytes += data.size();
  if (connection.done) return;
  if (!connection.in_body) {
    connection.head.append(data);
    size_t end = connection.head.find("\r\n\r\n");
    if (end == std::string::npos) return;
    connection.left = content_length(std::string_view(connection.head).substr(0, end + 2));
    connection.in_body = true;
    data = std::string_view(connection.head).substr(end + 4);
  }
  if (data.size() > connection.left) {
    ++errors;
    connection.left = data.size();
  }
  connection.left -= data.size();
  if (connection.left == 0) finish(connection);
}

void reopen(Connection& connection) {
  close(connection.fd);
  connection.fd = -1;
  if (!connection.done) {
    ++errors;
    ++answered;
  }
  if (asked < total) {
    open(connection);
    ask(connection);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: load PORT CONNECTIONS REQUESTS [--close] [--targets FILE] [--first FILE]\n");
    return 2;
  }
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::vector<Connection> connections(static_cast<size_t>(std::atol(argv[2])));
  total = static_cast<size_t>(std::atol(argv[3]));
  std::vector<std::pair<std::string, std::string>> targets;
  for (int i = 4; i < argc; ++i) {
    if (std::strcmp(argv[i], "--close") == 0) close_mode = true;
    if (std::strcmp(argv[i], "--first") == 0 && i + 1 < argc) {
      std::ifstream file(argv[++i], std::ios::binary);
      first.assign(std::istreambuf_iterator<char>(file), {});
    }
    if (std::strcmp(argv[i], "--targets") == 0 && i + 1 < argc) {
      std::ifstream file(argv[++i]);
      for (std::string host, path; file >> host >> path;) targets.emplace_back(host, path);
    }
  }
  if (targets.empty()) targets.emplace_back("bench.test", "/");
  for (const auto& [host, path] : targets) {
    messages.push_back("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: load/1\r\nAccept: */*\r\n" +
                       (close_mode ? "Connection: close\r\n\r\n" : "\r\n"));
  }
  latencies.reserve(total);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  for (Connection& connection : connections) open(connection);

  auto began = Clock::now();
  for (Connection& connection : connections) ask(connection);
  epoll_event ready[256];
  while (answered < total) {
    int count = epoll_wait(epoll, ready, 256, 30000);
    if (count == 0) {
      std::fprintf(stderr, "no reply within 30 s\n");
      return 1;
    }
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<Connection*>(ready[i].data.ptr);
      ssize_t got = recv(connection.fd, scratch, sizeof scratch, 0);
      if (got > 0) {
        take(connection, std::string_view(scratch, static_cast<size_t>(got)));
      } else if (got == 0 || errno != EAGAIN) {
        reopen(connection);
      }
    }
  }
  double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::sort(latencies.begin(), latencies.end());
  auto percentile = [&](double p) {
    return latencies.empty() ? 0.0
                             : latencies[static_cast<size_t>(p * static_cast<double>(latencies.size() - 1))] / 1000.0;
  };
  std::printf(
      "{\"requests\": %zu, \"errors\": %zu, \"seconds\": %.6f, \"bytes\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
      answered, errors, seconds, bytes, percentile(0.5), percentile(0.99));
  return errors == 0 ? 0 : 1;
}
