#include "rest/tunnel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "async/child_process.h"
#include "base/text.h"

namespace sluice::rest {
namespace {

constexpr std::size_t kMostWords = 2048;
constexpr const char* kName = "/s";

std::string last_line(std::string_view text) {
  text = trim(text);
  return printable(text.substr(text.rfind('\n') + 1), kMostWords);
}

}  // namespace

Tunnel::~Tunnel() {
  end_listening();
  if (connection_ >= 0) ::close(connection_);
  if (program_ > 0) {
    const int status = end_program(program_);
    while (read_words()) {
    }
    // One that still ran is not to blame.
    if (status != 0 && status != 128 + SIGKILL) {
      std::string said = last_line(words_);
      if (said.empty()) said = "the program ended with status " + std::to_string(status);
      connector_->complain(std::move(said));
    }
  }
  if (errors_ >= 0) ::close(errors_);
}

int Tunnel::open(sockaddr& address, socklen_t& length) {
  if (listen(address, length)) return connection_;
  connector_->complain(std::string("no socket can be made in /tmp: ") + std::strerror(errno));
  return -1;
}

bool Tunnel::listen(sockaddr& address, socklen_t& length) {
  // Short enough for `address`. A name without a file, of the kernel's choice, would do as well, but libcurl does not
  // use a connection again whose other end has no printable name.
  char name[sizeof address.sa_data] = "/tmp/XXXXXX";
  if (::mkdtemp(name) == nullptr) return false;
  folder_ = name;
  address.sa_family = AF_UNIX;
  length = sizeof address;
  std::memcpy(address.sa_data, std::strcat(name, kName), sizeof name);
  const int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  connection_ = ::socket(AF_UNIX, kind, 0);
  listener_ = ::socket(AF_UNIX, kind, 0);
  return connection_ >= 0 && listener_ >= 0 && ::bind(listener_, &address, length) == 0 &&
         ::listen(listener_, 1) == 0 && FdWatch::start(listener_, true, false);
}

void Tunnel::end_listening() {
  FdWatch::stop();
  if (listener_ >= 0) ::close(std::exchange(listener_, -1));
  if (folder_.empty()) return;
  ::unlink((folder_ + kName).c_str());
  ::rmdir(folder_.c_str());
  folder_.clear();
}

void Tunnel::on_ready(bool, bool) {
  if (listener_ >= 0) {
    start();
  } else {
    read_words();
  }
}

void Tunnel::start() {
  const int connected = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (connected < 0) return;
  end_listening();
  std::array<int, 2> errors{-1, -1};
  Result<pid_t> started =
      ::pipe2(errors.data(), O_CLOEXEC) == 0
          ? start_program(split_list(connector_->command_line(), ' '), {connected, connected, errors[1]})
          : Result<pid_t>(Error::system(errno, "pipe"));
  errors_ = errors[0];
  if (errors[1] >= 0) ::close(errors[1]);
  if (started) {
    program_ = *started;
    ::fcntl(errors_, F_SETFL, O_NONBLOCK);
    // Else it is read at the end.
    [[maybe_unused]] Status watched = FdWatch::start(errors_, true, false);
  } else {
    connector_->complain(std::string("the program cannot be started: ") + std::strerror(started.error().sys));
  }
  ::close(connected);  // without a program this is the end of the connection
}

// False: there is nothing more now, or never will be.
bool Tunnel::read_words() {
  std::array<char, 512> piece;
  const ssize_t got = ::read(errors_, piece.data(), piece.size());
  if (got == 0) FdWatch::stop();
  if (got <= 0) return false;
  words_.append(piece.data(), static_cast<std::size_t>(got));
  if (words_.size() > kMostWords) words_.erase(0, words_.size() - kMostWords);
  return true;
}

}  // namespace sluice::rest
