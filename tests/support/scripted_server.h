// scripted_server.h: an HTTP/1.1 server for tests that says exactly what the test wants, byte for byte, on a unix
// socket or on a free port of 127.0.0.1. Every connection has a thread; the script is called there for every request.
//
// The server ends its connections and joins its threads when it is destroyed, so a script may block in `wait_for_end`.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/text.h"

namespace sluice::test {

class ScriptedServer {
 public:
  enum class At { unix_socket, tcp };

  struct Request {
    std::string method;
    std::string path;
    std::string head;  // everything up to the empty line
    std::string body;

    // The value of a header; empty when there is none.
    std::string header(std::string_view name) const {
      for (std::string_view line : split(head, '\n')) {
        std::size_t colon = line.find(':');
        if (colon != std::string_view::npos && iequals(line.substr(0, colon), name)) {
          return std::string(trim(line.substr(colon + 1)));
        }
      }
      return {};
    }
  };

  class Connection {
   public:
    explicit Connection(int fd) : fd_(fd) {}
    // False once the peer is gone.
    bool send(std::string_view bytes) {
      while (!bytes.empty()) {
        ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
      return true;
    }
    void reply(int status, std::string_view body, std::string_view more_headers = {}) {
      send("HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string(more_headers) + "\r\n" + std::string(body));
    }
    // Begins an answer without end; `chunk` adds to it.
    bool begin_stream() {
      return send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    }
    bool chunk(std::string_view bytes) {
      char size[32];
      std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
      return send(std::string(size) + std::string(bytes) + "\r\n");
    }
    // Blocks until the peer closes or the server ends.
    void wait_for_end() {
      char byte;
      while (::recv(fd_, &byte, 1, 0) > 0) {
      }
    }
    void close() { ::shutdown(fd_, SHUT_RDWR); }

   private:
    int fd_;
  };

  using Script = std::function<void(const Request&, Connection&)>;

  explicit ScriptedServer(Script script, At at = At::unix_socket) : script_(std::move(script)) {
    if (at == At::unix_socket) {
      char directory[] = "/tmp/sluice-test-XXXXXX";
      SLUICE_CHECK(mkdtemp(directory) != nullptr);
      directory_ = directory;
      listen_unix();
    } else {
      listen_tcp();
    }
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~ScriptedServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      for (int fd : sockets_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    for (int fd : sockets_) ::close(fd);
    ::close(listener_);
    if (!directory_.empty()) {
      ::unlink(path().c_str());
      ::rmdir(directory_.c_str());
    }
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string path() const { return directory_ + "/s"; }
  int port() const { return port_; }
  std::string endpoint() const {
    return directory_.empty() ? "tcp://127.0.0.1:" + std::to_string(port_) : "unix://" + path();
  }
  int accepted() const { return accepted_; }

  // Cuts every connection, as a server that is killed does.
  void cut_connections() {
    std::lock_guard<std::mutex> lock(mutex_);
    for (int fd : sockets_) ::shutdown(fd, SHUT_RDWR);
  }

 private:
  void listen_unix() {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path().c_str());
    SLUICE_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    SLUICE_CHECK(::listen(listener_, 64) == 0);
  }
  void listen_tcp() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SLUICE_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    SLUICE_CHECK(::listen(listener_, 64) == 0);
    socklen_t length = sizeof address;
    SLUICE_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
  }

  void accept_all() {
    for (;;) {
      int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0 || stopping_) {
        if (fd >= 0) ::close(fd);
        return;
      }
      ++accepted_;
      std::lock_guard<std::mutex> lock(mutex_);
      sockets_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    std::string buffer;
    Connection connection(fd);
    Request request;
    while (read_request(fd, buffer, request)) script_(request, connection);
    ::shutdown(fd, SHUT_RDWR);
  }

  static bool fill(int fd, std::string& buffer) {
    char piece[4096];
    ssize_t got = ::recv(fd, piece, sizeof piece, 0);
    if (got <= 0) return false;
    buffer.append(piece, static_cast<std::size_t>(got));
    return true;
  }

  static bool read_request(int fd, std::string& buffer, Request& request) {
    std::size_t end;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!fill(fd, buffer)) return false;
    }
    request.head = buffer.substr(0, end);
    buffer.erase(0, end + 4);
    std::size_t first = request.head.find(' ');
    std::size_t second = request.head.find(' ', first + 1);
    request.method = request.head.substr(0, first);
    request.path = request.head.substr(first + 1, second - first - 1);
    std::size_t length = parse_u64(request.header("Content-Length")).value_or(0);
    while (buffer.size() < length) {
      if (!fill(fd, buffer)) return false;
    }
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    return true;
  }

  Script script_;
  std::string directory_;
  int port_ = 0;
  int listener_ = -1;
  std::atomic<bool> stopping_{false};
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace sluice::test
