#include "proxy/h1_content.h"

#include "net/memory_stream.h"
#include "proxy/h1_writing.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::proxy;

namespace {

using http::h1::Framing;

struct Read {
  std::string content;
  std::string rest;
  std::optional<Code> error;
};

Task<Read> read_all(net::Stream& stream, Framing framing, std::string first) {
  Arena arena;
  http::h1::Limits limits;
  LentBytes held;
  held.hold(first);
  H1Content content(stream, framing, arena, limits, held, Origin::upstream);
  Read read;
  for (;;) {
    Result<http::Bytes> bytes = co_await content.read(kNoDeadline);
    if (!bytes) {
      read.error = bytes.error().code;
      break;
    }
    if (bytes->empty()) break;
    read.content += *bytes;
  }
  read.rest = std::string(content.rest().bytes());
  co_return read;
}

Task<void> write_text(net::Stream& stream, std::string text) {
  [[maybe_unused]] Status written = co_await net::write_all(stream, text, 3600s);
  stream.shutdown();
}

Read read_split(const std::string& bytes, Framing framing, std::size_t first, std::size_t piece) {
  Loop loop;
  auto [ours, theirs] = net::MemoryStream::pair();
  ours->set_piece(piece);
  Scope scope;
  scope.spawn(write_text(*theirs, bytes.substr(first)));
  return test::run_on(loop, read_all(*ours, framing, bytes.substr(0, first)));
}

}  // namespace

TEST_CASE("content is the same however it is split, and what follows is left alone") {
  const std::string chunked = "4\r\nWiki\r\n6;a=b\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\n\r\nNEXT";
  for (std::size_t first = 0; first <= chunked.size(); ++first) {
    for (std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
      Read read = read_split(chunked, Framing{Framing::Kind::chunked, 0}, first, piece);
      REQUIRE_FALSE(read.error);
      REQUIRE(read.content == "Wikipedia in \r\n\r\nchunks.");
      REQUIRE(std::string("NEXT").starts_with(read.rest));
    }
  }
  for (std::size_t first = 0; first <= 9; ++first) {
    Read read = read_split("12345NEXT", Framing{Framing::Kind::length, 5}, first, 1);
    REQUIRE(read.content == "12345");
  }
}

TEST_CASE("content that ends early is an error, unless its end is the end of the stream") {
  CHECK(read_split("123", Framing{Framing::Kind::length, 5}, 0, 1).error == Code::closed);
  CHECK(read_split("3\r\nab", Framing{Framing::Kind::chunked, 0}, 0, 100).error == Code::closed);
  Read read = read_split("123", Framing{Framing::Kind::until_close, 0}, 1, 1);
  CHECK_FALSE(read.error);
  CHECK(read.content == "123");
}

TEST_CASE("broken framing is an error after the content before it") {
  Read read = read_split("3\r\nabc\r\nzz\r\n", Framing{Framing::Kind::chunked, 0}, 0, 1);
  CHECK(read.content == "abc");
  CHECK(read.error == Code::invalid);
}

namespace {

// Gives its pieces one at a time; the ones after a pause are not ready.
class Pieces final : public http::Body {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Task<Result<http::Bytes>> read() override {
    if (at_ == pieces_.size()) co_return http::Bytes();
    co_return http::Bytes(pieces_[at_++]);
  }
  bool ready() const override { return true; }

 private:
  std::vector<std::string> pieces_;
  std::size_t at_ = 0;
};

Task<Written> write_to(net::Stream& stream, Arena& arena, http::Body& body, bool chunked) {
  std::uint64_t content = 0;
  H1Writing writing{stream, 10s, chunked, arena};
  Written written = co_await write_message(writing, "HEAD\r\n\r\n", body, content);
  stream.shutdown();
  co_return written;
}

Task<std::string> read_to_end(net::Stream& stream) {
  std::string all;
  for (;;) {
    Result<http::Bytes> bytes = co_await stream.read(kNoDeadline);
    if (!bytes || bytes->empty()) co_return all;
    all += *bytes;
  }
}

}  // namespace

TEST_CASE("a message of many pieces is written in order, chunked or plain") {
  Loop loop;
  Arena arena;
  std::vector<std::string> pieces;
  std::string plain = "HEAD\r\n\r\n";
  for (int i = 1; i <= 30; ++i) {
    pieces.push_back(std::string(static_cast<std::size_t>(i), 'x'));
    plain += pieces.back();
  }
  for (bool chunked : {false, true}) {
    auto [ours, theirs] = net::MemoryStream::pair(1 << 20);
    Pieces body(pieces);
    Written written = test::run_on(loop, write_to(*ours, arena, body, chunked));
    CHECK(written.source.ok());
    CHECK(written.sink.ok());
    std::string all = test::run_on(loop, read_to_end(*theirs));
    if (!chunked) {
      CHECK(all == plain);
    } else {
      CHECK(all.starts_with("HEAD\r\n\r\n1\r\nx\r\n2\r\nxx\r\n"));
      CHECK(all.ends_with("\r\n0\r\n\r\n"));
    }
  }
}
