// socket_stream.h: a connected, non-blocking socket as a Stream.
#pragma once

#include <cstdint>

#include "async/readiness.h"
#include "base/ip.h"
#include "net/stream.h"

namespace sluice::net {

class SocketStream final : public Stream {
 public:
  // Takes over `fd`, which must be non-blocking, and connected or `connecting`. Error: the descriptor could not be
  // watched; it is closed.
  static Result<std::unique_ptr<SocketStream>> adopt(int fd, bool connecting = false);
  ~SocketStream() override;

  Task<Result<Bytes>> read(Deadline deadline) override;
  Result<std::size_t> write_now(std::span<const iovec> pieces, std::size_t total, Follows follows) override;
  Task<Status> write_rest(std::unique_ptr<char[]> rest, std::size_t size, Duration stall) override;
  void shutdown() override;
  void abort() override;
  void interrupt() override;
  Task<Status> wait_readable(Deadline deadline) override;
  void observe(async::BreakObserver* observer) override { readiness_.observe(observer); }
  bool readable() const override { return readiness_.readable(); }
  bool ended() const override { return ended_; }
  bool broken() const override { return readiness_.broken(); }
  bool reset() const override { return readiness_.reset(); }
  bool alive() override;
  SocketStream* socket() override { return this; }

  int fd() const { return fd_; }
  // Our end of the connection; unspecified when the system does not say.
  SocketAddress local() const;
  // Asks a silent peer every so often whether it is there.
  void keep_alive(Duration interval);
  async::Readiness& readiness() { return readiness_; }

  // Reads at most so many bytes at a time from now on (until reads grow again): a small first read leaves a large body
  // in the kernel, where it can be spliced.
  void start_reads_at(std::uint32_t bytes) {
    read_size_ = bytes;
    most_read_ = Loop::kScratch;
  }
  // Reads never give more until then: somebody may have to keep what was read.
  void limit_reads(std::uint32_t bytes) { read_size_ = most_read_ = bytes; }

  static constexpr std::uint32_t kSmallRead = 16 * 1024;
  static constexpr std::uint32_t kFirstRead = 64 * 1024;

 private:
  explicit SocketStream(int fd) : fd_(fd) {}

  int fd_;
  std::uint32_t read_size_ = kFirstRead;
  std::uint32_t most_read_ = Loop::kScratch;
  std::uint32_t reads_in_turn_ = 0;
  std::uint64_t last_turn_ = 0;
  Code given_up_ = Code::internal;  // reset or closed: this side gave up
  bool ended_ = false;              // the last read has got the last
  async::Readiness readiness_;
};

}  // namespace sluice::net
