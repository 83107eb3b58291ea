#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "async/timer.h"
#include "net/dialer.h"
#include "net/listener.h"
#include "net/relay.h"
#include "net/splice.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::net;

namespace {

// A listener outside the loop, which nobody accepts from but the test.
struct Outside {
  Outside() {
    size = SocketAddress::parse("127.0.0.1:0")->fill(storage);
    REQUIRE((bind(fd, raw(), size) == 0 && listen(fd, 1) == 0));
    REQUIRE(getsockname(fd, raw(), &size) == 0);
  }
  ~Outside() { close(fd); }
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  bool has_one_within(int milliseconds) const {
    pollfd waits{fd, POLLIN, 0};
    return poll(&waits, 1, milliseconds) == 1;
  }

  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// Both ends of a connection over TCP, neither blocks.
struct TcpPair {
  TcpPair() {
    Outside listener;
    REQUIRE(connect(client, listener.raw(), listener.size) == 0);
    REQUIRE(fcntl(client, F_SETFL, O_NONBLOCK) == 0);
    server = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK);
  }

  int client = socket(AF_INET, SOCK_STREAM, 0);
  int server = -1;
};

// Gives every accepted connection to a task of the test.
class TestListener final : public Listener {
 public:
  using Serve = Task<void> (*)(std::unique_ptr<SocketStream>);
  TestListener(Scope& scope, Serve serve) : scope_(scope), serve_(serve) {
    REQUIRE(Listener::open(*SocketAddress::parse("127.0.0.1:0")).ok());
    REQUIRE(Listener::start().ok());
  }
  void on_accept(int fd, const SocketAddress&) override {
    Result<std::unique_ptr<SocketStream>> stream = SocketStream::adopt(fd);
    if (stream) scope_.spawn(serve_(std::move(*stream)));
  }
  void on_exhausted() override {}

 private:
  Scope& scope_;
  Serve serve_;
};

Task<void> echo(std::unique_ptr<SocketStream> stream) {
  for (;;) {
    Result<Bytes> bytes = co_await stream->read(kNoDeadline);
    if (!bytes || bytes->empty()) break;
    Status written = co_await write_all(*stream, *bytes, kNoStall);
    if (!written) break;
  }
  stream->shutdown();
}

Task<void> swallow(std::unique_ptr<SocketStream> stream) {
  for (;;) {
    Result<Bytes> bytes = co_await stream->read(kNoDeadline);
    if (!bytes || bytes->empty()) co_return;
    Status slept = co_await sleep_for(1ms);
    if (!slept) co_return;
  }
}

Task<void> reset_at_once(std::unique_ptr<SocketStream> stream) {
  stream->abort();
  co_return;
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

Task<void> write_and_shut(Stream& stream, const std::string& text, Status& outcome) {
  outcome = co_await write_all(stream, text, kNoStall);
  stream.shutdown();
}

Task<std::string> read_to_end(Stream& stream) {
  std::string all;
  for (;;) {
    Result<Bytes> bytes = co_await stream.read(kNoDeadline);
    if (!bytes || bytes->empty()) co_return all;
    all += *bytes;
  }
}

Task<std::string> send_through_echo(SocketAddress address, std::string text) {
  Result<std::unique_ptr<SocketStream>> stream = co_await dial(address, First::us, kNoDeadline);
  REQUIRE(stream.ok());
  Scope* current = co_await current_scope();
  Scope writing(current);
  Status outcome;
  writing.spawn(write_and_shut(**stream, text, outcome));
  std::string all = co_await read_to_end(**stream);
  co_await writing.join();
  CHECK(outcome.ok());
  co_return all;
}

}  // namespace

TEST_CASE("megabytes go through a socket and back unchanged") {
  Loop loop;
  Scope scope;
  TestListener listener(scope, echo);
  std::string text = pattern(5'000'001);
  CHECK(test::run_on(loop, send_through_echo(listener.local(), text)) == text);
  listener.close();
  loop.run_ready();
  scope.cancel(Error::of(Code::cancelled, "end"));
  loop.run_ready();
}

namespace {

// client -> (accepted here) -> spliced -> echo server
Task<std::string> through_relay(SocketAddress target, std::string text) {
  int fds[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  Result<std::unique_ptr<SocketStream>> client = SocketStream::adopt(fds[0]);
  Result<std::unique_ptr<SocketStream>> front = SocketStream::adopt(fds[1]);
  Result<std::unique_ptr<SocketStream>> back = co_await dial(target, First::us, kNoDeadline);
  REQUIRE(back.ok());
  Scope* current = co_await current_scope();
  Scope writing(current);
  Status outcome;
  writing.spawn(write_and_shut(**client, text, outcome));
  struct Run {
    static Task<void> join(Stream& a, Stream& b, Joined& joined) { joined = co_await join_streams(a, b, 10s); }
  };
  Joined joined;
  writing.spawn(Run::join(**front, **back, joined));
  std::string all = co_await read_to_end(**client);
  co_await writing.join();
  CHECK(joined.to_server == text.size());
  CHECK(joined.to_client == text.size());
  co_return all;
}

// A client that has said all it has to say, in front of a server that has answered and reset the connection by then.
Task<std::string> through_relay_to_reset(std::string text, std::string answer) {
  auto [connected, server] = TcpPair();
  REQUIRE(::send(server, answer.data(), answer.size(), 0) == static_cast<ssize_t>(answer.size()));
  linger reset{1, 0};
  setsockopt(server, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::close(server);

  int fds[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  REQUIRE(::send(fds[0], text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  ::shutdown(fds[0], SHUT_WR);
  Result<std::unique_ptr<SocketStream>> client = SocketStream::adopt(fds[0]);
  Result<std::unique_ptr<SocketStream>> front = SocketStream::adopt(fds[1]);
  Result<std::unique_ptr<SocketStream>> back = SocketStream::adopt(connected);
  Joined joined = co_await join_streams(**front, **back, 10s, {10s});
  CHECK(joined.to_client == answer.size());
  front->reset();
  std::string all = co_await read_to_end(**client);
  co_return all;
}

Task<Moved> splice_between(std::string text, std::uint64_t count, std::string& out) {
  int first[2];
  int second[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, first) == 0);
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, second) == 0);
  Result<std::unique_ptr<SocketStream>> source = SocketStream::adopt(first[0]);
  Result<std::unique_ptr<SocketStream>> from = SocketStream::adopt(first[1]);
  Result<std::unique_ptr<SocketStream>> to = SocketStream::adopt(second[0]);
  Result<std::unique_ptr<SocketStream>> sink = SocketStream::adopt(second[1]);
  Scope* current = co_await current_scope();
  Scope side(current);
  Status outcome;
  side.spawn(write_and_shut(**source, text, outcome));
  struct Run {
    static Task<void> read(Stream& stream, std::string& all) { all = co_await read_to_end(stream); }
  };
  side.spawn(Run::read(**sink, out));
  Moved moved = co_await splice_exactly(**from, **to, count, 10s);
  (*to)->shutdown();
  co_await side.join();
  co_return moved;
}

}  // namespace

TEST_CASE("an answer is passed on although the server has reset the connection") {
  Loop loop;
  for (const char* said : {"", "question"}) {
    const Time began = loop.read_clock();
    CHECK(test::run_on(loop, through_relay_to_reset(said, "answer")) == "answer");
    CHECK(loop.read_clock() - began < 5s);
  }
}

TEST_CASE("joined streams carry both directions and each half-close") {
  Loop loop;
  Scope scope;
  TestListener listener(scope, echo);
  std::string text = pattern(3'000'007);
  CHECK(test::run_on(loop, through_relay(listener.local(), text)) == text);
  listener.close();
  loop.run_ready();
}

namespace {

// A plain socket, and what has been accepted from it.
struct Accepted {
  Accepted() {
    TcpPair pair;
    client = pair.client;
    server = std::move(*SocketStream::adopt(pair.server));
  }

  int client = -1;
  std::unique_ptr<SocketStream> server;
};

// The server says something and ends; the segments that have reached the client by then.
Task<std::uint32_t> segments_of_an_answer() {
  TcpPair before;
  TcpPair behind;
  REQUIRE(::send(behind.server, "answer", 6, 0) == 6);
  ::shutdown(behind.server, SHUT_WR);
  Result<std::unique_ptr<SocketStream>> front = SocketStream::adopt(before.server);
  Result<std::unique_ptr<SocketStream>> back = SocketStream::adopt(behind.client);
  Joined joined = co_await join_streams(**front, **back, kNoStall, {20ms});
  CHECK(joined.to_client == 6);
  tcp_info info{};
  socklen_t size = sizeof info;
  REQUIRE(getsockopt(before.client, IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
  close(before.client);
  close(behind.server);
  co_return info.tcpi_segs_in;
}

// Every read until the end, and whether it was known to be the last.
Task<std::vector<std::pair<std::string, bool>>> reads(Stream& stream) {
  std::vector<std::pair<std::string, bool>> all;
  for (;;) {
    Result<Bytes> bytes = co_await stream.read(kNoDeadline);
    REQUIRE(bytes.ok());
    if (bytes->empty()) co_return all;
    all.emplace_back(*bytes, stream.ended());
  }
}

}  // namespace

TEST_CASE("ending a connection that the peer has reset finds out that it broke") {
  Loop loop;
  Accepted pair;
  SECTION("reset") {
    linger reset{1, 0};
    setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(pair.client);
    pair.server->shutdown();
    CHECK(pair.server->reset());
  }
  SECTION("closed") {
    close(pair.client);
    pair.server->shutdown();
    CHECK_FALSE(pair.server->reset());
  }
}

TEST_CASE("the last read is known to be the last once the end has arrived") {
  using Reads = std::vector<std::pair<std::string, bool>>;
  Loop loop;
  Accepted pair;
  REQUIRE(send(pair.client, "first", 5, 0) == 5);
  SECTION("at once with the end") {
    ::shutdown(pair.client, SHUT_WR);
    CHECK(test::run_on(loop, reads(*pair.server)) == Reads{{"first", true}});
  }
  SECTION("more than one read takes") {
    ::shutdown(pair.client, SHUT_WR);
    pair.server->limit_reads(3);
    CHECK(test::run_on(loop, reads(*pair.server)) == Reads{{"fir", false}, {"st", true}});
  }
  SECTION("also when we have ended before") {
    pair.server->shutdown();
    ::shutdown(pair.client, SHUT_WR);
    CHECK(test::run_on(loop, reads(*pair.server)) == Reads{{"first", true}});
  }
  SECTION("where urgent data makes reads stop short, nothing behind it is lost") {
    REQUIRE(send(pair.client, "!", 1, MSG_OOB) == 1);
    REQUIRE(send(pair.client, "second", 6, 0) == 6);
    ::shutdown(pair.client, SHUT_WR);
    CHECK(test::run_on(loop, reads(*pair.server)) == Reads{{"first", false}, {"second", false}});
  }
  close(pair.client);
}

TEST_CASE("the last bytes and the end go out in one segment") {
  Loop loop;
  CHECK(test::run_on(loop, segments_of_an_answer()) == 2);  // the other one is the answer to the client's SYN
}

TEST_CASE("splicing moves exactly what was asked for") {
  std::string out;
  std::string text = pattern(2'500'000);
  Moved moved = test::run_task(splice_between(text, text.size(), out));
  CHECK(moved.bytes == text.size());
  CHECK(moved.source.ok());
  CHECK(out == text);
}

TEST_CASE("a source that ends early is told apart from a full transfer") {
  std::string out;
  Moved moved = test::run_task(splice_between(pattern(1000), 5000, out));
  CHECK(moved.bytes == 1000);
  CHECK(moved.source.error().code == Code::closed);
  CHECK(out.size() == 1000);
}

namespace {

Task<Status> dial_only(SocketAddress address) {
  Result<std::unique_ptr<SocketStream>> stream = co_await dial(address, First::us, Loop::current().now() + 5s);
  if (!stream) co_return stream.error();
  co_return Status();
}

Task<Status> fill_until_stall(SocketAddress address, Duration stall) {
  Result<std::unique_ptr<SocketStream>> stream = co_await dial(address, First::us, kNoDeadline);
  std::string text(24 * 1024 * 1024, 'x');
  Status written = co_await write_all(**stream, text, stall);
  co_return written;
}

Task<Code> read_after_reset(SocketAddress address) {
  Result<std::unique_ptr<SocketStream>> stream = co_await dial(address, First::us, kNoDeadline);
  if (!stream) co_return stream.error().code;  // the reset was faster
  Result<Bytes> bytes = co_await (*stream)->read(Loop::current().now() + 5s);
  co_return bytes ? Code::internal : bytes.error().code;
}

Task<void> stall(std::unique_ptr<SocketStream> stream) {
  Status slept = co_await sleep_for(1h);
  CHECK_FALSE(slept.ok());
  stream.reset();
}

}  // namespace

TEST_CASE("nobody listening is an upstream error with nothing sent") {
  Loop loop;
  SocketAddress address;
  {
    Scope scope;
    TestListener listener(scope, echo);
    address = listener.local();
    listener.close();
  }
  Status dialled = test::run_on(loop, dial_only(address));
  REQUIRE_FALSE(dialled);
  CHECK(dialled.error().code == Code::refused);
  CHECK(dialled.error().origin == Origin::upstream);
  CHECK(dialled.error().nothing_sent);
}

TEST_CASE("writing to a peer that stopped reading ends by the stall limit, and by progress not at all") {
  Loop loop;
  Scope scope;
  TestListener deaf(scope, stall);
  Status written = test::run_on(loop, fill_until_stall(deaf.local(), 100ms));
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Code::timed_out);
  TestListener slow(scope, swallow);
  CHECK(test::run_on(loop, fill_until_stall(slow.local(), 10s)).ok());
  scope.cancel(Error::of(Code::cancelled, "end"));
  loop.run_ready();
}

TEST_CASE("a reset is an error, not an end") {
  Loop loop;
  Scope scope;
  TestListener listener(scope, reset_at_once);
  CHECK(test::run_on(loop, read_after_reset(listener.local())) == Code::reset);
}

TEST_CASE("a port somebody else listens on is refused, one that is free is not") {
  Loop loop;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_storage storage;
  socklen_t length = SocketAddress::parse("127.0.0.1:0")->fill(storage);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&storage), length) == 0);
  REQUIRE(listen(fd, 1) == 0);
  length = sizeof storage;
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  SocketAddress taken = *SocketAddress::from(reinterpret_cast<sockaddr*>(&storage));
  CHECK_FALSE(probe_address(taken).ok());
  close(fd);
  CHECK(probe_address(taken).ok());
}

namespace {

Task<std::unique_ptr<SocketStream>> dial_outside(const Outside& server, First first) {
  SocketAddress address = *SocketAddress::from(reinterpret_cast<const sockaddr*>(&server.storage));
  Result<std::unique_ptr<SocketStream>> stream = co_await dial(address, first, kNoDeadline);
  REQUIRE(stream.ok());
  co_return std::move(*stream);
}

}  // namespace

TEST_CASE("a server that speaks first has its connection at once, another one with our first bytes") {
  Loop loop;
  Outside server;
  SECTION("it does") {
    std::unique_ptr<SocketStream> stream = test::run_on(loop, dial_outside(server, First::server));
    CHECK(server.has_one_within(100));
  }
  SECTION("we do") {
    std::unique_ptr<SocketStream> stream = test::run_on(loop, dial_outside(server, First::us));
    CHECK_FALSE(server.has_one_within(50));
    iovec bytes = piece("first");
    CHECK(stream->write_now({&bytes, 1}, 5, Follows::unknown).ok());
    CHECK(server.has_one_within(100));
  }
}
