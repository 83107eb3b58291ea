#include "acme/dns/exchange.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "async/loop.h"
#include "async/readiness.h"
#include "net/dialer.h"

namespace sluice::acme::dns {
namespace {

constexpr int kSends = 3;
constexpr std::size_t kLargest = 65535;

Error broken(std::string_view why) { return Error::of(Code::invalid, why, Origin::upstream); }

class UdpSocket {
 public:
  UdpSocket() = default;
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
  ~UdpSocket() {
    if (fd_ >= 0) ::close(fd_);
  }

  Status open(SocketAddress server) {
    sockaddr_storage storage;
    socklen_t length = server.fill(storage);
    fd_ = ::socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return Error::system(errno, "socket");
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&storage), length) != 0) {
      return Error::system(errno, "connect", Origin::upstream);
    }
    return readiness_.open(fd_);
  }

  Status send(const std::string& datagram) {
    // EAGAIN is as good as a datagram lost on the way: it is sent again.
    if (::send(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
      return Error::system(errno, "send", Origin::upstream);
    }
    return {};
  }

  // The next datagram; timed_out at the deadline.
  Task<Result<std::string>> receive(Deadline deadline) {
    for (;;) {
      Status ready = co_await readiness_.readable_by(deadline);
      if (!ready) co_return ready.error();
      std::string datagram(kLargest, '\0');
      ssize_t got = ::recv(fd_, datagram.data(), datagram.size(), 0);
      if (got >= 0) {
        datagram.resize(static_cast<std::size_t>(got));
        co_return datagram;
      }
      if (errno != EAGAIN && errno != EINTR) co_return Error::system(errno, "recv", Origin::upstream);
      if (errno == EAGAIN) readiness_.not_readable();
    }
  }

 private:
  int fd_ = -1;
  async::Readiness readiness_;
};

// Whether `bytes` answer the request; the message when they do.
Result<Answer> answer_to(const Message& request, std::string bytes) {
  Result<Message> message = decode(bytes);
  if (!message) return broken(message.error().text);
  if (message->id != request.id || !message->is_response() || message->opcode() != request.opcode()) {
    return broken("an answer to another question");
  }
  // A server that refuses may leave the question out (RFC 2136 §3.8, RFC 6895 §2).
  bool without = message->questions.empty() && message->rcode() != rcode::kNoError;
  if (!without && message->questions != request.questions && message->opcode() != kOpcodeUpdate) {
    return broken("an answer to another question");
  }
  return Answer{std::move(*message), std::move(bytes)};
}

Task<Result<Answer>> over_udp(SocketAddress server, const std::string& request, const Message& asked,
                              Duration timeout) {
  UdpSocket socket;
  Status opened = socket.open(server);
  if (!opened) co_return opened.error();
  Loop& loop = Loop::current();
  Time began = loop.read_clock();
  Error last = Error::of(Code::timed_out, "the name server did not answer", Origin::upstream);
  for (int i = 1; i <= kSends; ++i) {
    Status sent = socket.send(request);
    if (!sent) co_return sent.error();
    Deadline next = began + timeout * i / kSends;
    for (;;) {
      Result<std::string> datagram = co_await socket.receive(next);
      if (!datagram && datagram.error().code == Code::timed_out) break;
      if (!datagram) co_return datagram.error();
      Result<Answer> answer = answer_to(asked, std::move(*datagram));
      if (answer) co_return std::move(*answer);
      // Somebody else's guess must not end our question: the real answer may follow.
    }
  }
  co_return last;
}

// The next `size` bytes of the stream, gathered in `buffer`.
Task<Status> fill(net::Stream& stream, std::string& buffer, std::size_t size, Deadline deadline) {
  while (buffer.size() < size) {
    Result<net::Bytes> bytes = co_await stream.read(deadline);
    if (!bytes) co_return bytes.error();
    if (bytes->empty()) co_return Error::of(Code::closed, "the name server closed the connection", Origin::upstream);
    if (buffer.size() + bytes->size() > kLargest + 2) co_return broken("more than one answer");
    buffer += *bytes;
  }
  co_return Status();
}

Task<Result<Answer>> over_tcp(SocketAddress server, const std::string& request, const Message& asked,
                              Deadline deadline) {
  Result<std::unique_ptr<net::SocketStream>> stream = co_await net::dial(server, net::First::us, deadline);
  if (!stream) co_return stream.error();
  std::string framed;
  framed += static_cast<char>(request.size() >> 8);
  framed += static_cast<char>(request.size() & 0xff);
  framed += request;
  Duration stall = std::max<Duration>(deadline - Loop::current().read_clock(), 1ms);
  Status written = co_await net::write_all(**stream, framed, stall);
  if (!written) co_return written.error();
  std::string buffer;
  Status filled = co_await fill(**stream, buffer, 2, deadline);
  if (!filled) co_return filled.error();
  std::size_t size =
      static_cast<std::size_t>(static_cast<unsigned char>(buffer[0])) << 8 | static_cast<unsigned char>(buffer[1]);
  filled = co_await fill(**stream, buffer, 2 + size, deadline);
  if (!filled) co_return filled.error();
  co_return answer_to(asked, buffer.substr(2, size));
}

}  // namespace

Task<Result<Answer>> exchange(SocketAddress server, std::string request, Duration timeout, Transport transport) {
  Result<Message> asked = decode(request);
  if (!asked) co_return asked.error();
  Deadline deadline = Loop::current().read_clock() + timeout;
  if (transport == Transport::udp_first) {
    Result<Answer> answer = co_await over_udp(server, request, *asked, timeout);
    if (!answer || !answer->message.is_truncated()) co_return std::move(answer);
  }
  Result<Answer> answer = co_await over_tcp(server, request, *asked, deadline);
  co_return std::move(answer);
}

}  // namespace sluice::acme::dns
