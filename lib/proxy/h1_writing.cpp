#include "proxy/h1_writing.h"

#include <array>

#include "http/h1/writer.h"
#include "net/relay.h"

namespace sluice::proxy {
namespace {

using http::Bytes;

// A rest shorter than this is cheaper to copy than to splice.
constexpr std::uint64_t kWorthBypassing = 32 * 1024;
constexpr std::size_t kMostPieces = 8;

// The pieces of one system call. Chunk heads live here, so it must outlive the write.
class Batch {
 public:
  explicit Batch(bool chunked) : chunked_(chunked) {}

  void add_raw(Bytes bytes) {
    if (!bytes.empty()) pieces_[count_++] = net::piece(bytes);
  }
  void add_content(Bytes bytes) {
    content_ += bytes.size();
    if (chunked_) {
      http::h1::ChunkHead& head = heads_[contents_] = http::h1::ChunkHead(bytes.size());
      add_raw(head.bytes());
    }
    ++contents_;
    add_raw(bytes);
    if (chunked_) add_raw(http::h1::kChunkEnd);
  }
  bool full() const { return contents_ == kMostPieces; }
  bool empty() const { return count_ == 0; }
  std::uint64_t content() const { return content_; }
  std::span<const iovec> pieces() const { return {pieces_.data(), count_}; }
  void clear() {
    count_ = contents_ = 0;
    content_ = 0;
  }

 private:
  bool chunked_;
  std::array<http::h1::ChunkHead, kMostPieces> heads_{
      http::h1::ChunkHead(0), http::h1::ChunkHead(0), http::h1::ChunkHead(0), http::h1::ChunkHead(0),
      http::h1::ChunkHead(0), http::h1::ChunkHead(0), http::h1::ChunkHead(0), http::h1::ChunkHead(0)};
  std::array<iovec, kMostPieces * 3 + 2> pieces_;
  std::size_t count_ = 0;
  std::size_t contents_ = 0;
  std::uint64_t content_ = 0;
};

}  // namespace

Task<Written> write_message(H1Writing writing, Bytes head, http::Body& body, std::uint64_t& content) {
  Written written;
  Batch batch(writing.chunked);
  batch.add_raw(head);
  // Content of known length ends with its last byte; only other content has to be asked whether there is more.
  bool ended = body.remaining() == std::uint64_t{0};
  while (!ended) {
    if (!batch.empty() && (batch.full() || !body.ready())) {
      bool bypass = !body.ready() && body.direct() != nullptr && body.remaining().value_or(0) >= kWorthBypassing;
      net::Follows follows = bypass ? net::Follows::more : net::Follows::unknown;
      written.sink = co_await writing.stream.write(batch.pieces(), writing.stall, follows);
      if (!written.sink) co_return written;
      content += batch.content();
      batch.clear();
      if (bypass) {
        net::Stream& from = *body.direct();
        net::Moved moved = co_await net::move_exactly(from, writing.stream, *body.remaining(), writing.stall);
        body.moved(moved.bytes);
        content += moved.bytes;
        if (!moved.source || !moved.sink) {
          written.source = moved.source;
          written.sink = moved.sink;
          co_return written;
        }
        if (body.remaining() == std::uint64_t{0}) break;
      }
    }
    Result<Bytes> piece = co_await body.read();
    if (!piece) {
      written.source = piece.error();
      // What is there already is still worth sending: it tells how far the message got.
      if (!batch.empty()) written.sink = co_await writing.stream.write(batch.pieces(), writing.stall);
      co_return written;
    }
    if (piece->empty()) {
      ended = true;
    } else {
      batch.add_content(*piece);
      ended = body.remaining() == std::uint64_t{0};
    }
  }
  if (writing.chunked) {
    const http::Fields* trailers = body.trailers();
    Bytes last = http::h1::kLastChunk;
    if (trailers != nullptr && !trailers->empty()) {
      Result<Bytes> text = http::h1::write_trailers(writing.arena, *trailers);
      if (text) last = *text;
    }
    batch.add_raw(last);
  }
  if (!batch.empty()) {
    written.sink = co_await writing.stream.write(batch.pieces(), writing.stall, writing.follows);
    if (written.sink) content += batch.content();
  }
  co_return written;
}

}  // namespace sluice::proxy
